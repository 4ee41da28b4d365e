import { type AnyNode, type CallExpression, parse } from 'acorn'

/**
 * Takes away what esbuild puts around functions to keep their names, where they have those names anyhow: each closure that
 * a request makes would be given its own once more, and that is a tenth of what the request costs.
 */
export function naturalNames(code: string): string {
  const pieces: string[] = []
  let done = 0
  const visit = (node: AnyNode, parent?: AnyNode): void => {
    const named = isCall(node) ? nameGiven(node, parent) : undefined
    if (named !== undefined) {
      pieces.push(code.slice(done, node.start))
      done = named.start
    }
    for (const child of childrenOf(named ?? node)) visit(child, node)
    if (named !== undefined) {
      pieces.push(code.slice(done, named.end))
      done = node.end
    }
  }
  visit(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }))
  return pieces.join('') + code.slice(done)
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && 'type' in value

const isCall = (node: AnyNode): node is CallExpression => node.type === 'CallExpression'

/** In the order of the text, in which a template has its expressions behind its words. */
function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = []
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value])
      if (isNode(child)) children.push(child)
  }
  return children.length > 1 ? children.sort((one, other) => one.start - other.start) : children
}

/** The function in `__name(function, 'name')` that would have the name without it. */
function nameGiven(
  { callee, arguments: given }: CallExpression,
  parent?: AnyNode,
): AnyNode | undefined {
  const [named, name] = given
  if (callee.type !== 'Identifier' || callee.name !== '__name') return undefined
  if (named === undefined || name?.type !== 'Literal') return undefined
  if (named.type === 'Identifier') return named.name === name.value ? named : undefined
  return nameOf(parent) === name.value && isFunction(named) ? named : undefined
}

const isFunction = ({ type }: AnyNode): boolean =>
  type === 'ArrowFunctionExpression' || type === 'FunctionExpression'

/** What a function is called that a variable or a property is made of (ECMA-262, NamedEvaluation). */
function nameOf(node: AnyNode | undefined): string | undefined {
  if (node?.type === 'VariableDeclarator' && node.id.type === 'Identifier') return node.id.name
  if (node?.type === 'Property' && !node.computed && node.key.type === 'Identifier') {
    return node.key.name
  }
  return undefined
}
