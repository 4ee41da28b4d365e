/** One instruction of a Dockerfile, its lines joined. */
export interface Instruction {
  readonly name: string
  /** `--interval=10s` and the like. */
  readonly flags: readonly string[]
  readonly rest: string
}

/** The instructions of a Dockerfile by stage; each stage begins with its FROM. */
export function parseDockerfile(text: string): Instruction[][] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  const stages: Instruction[][] = []
  for (const line of lines) {
    const [, name = '', after = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    const flags = /^(?:--\S+\s+)*/.exec(after)?.[0] ?? ''
    const instruction = {
      name,
      flags: flags.split(/\s+/).filter(Boolean),
      rest: after.slice(flags.length),
    }
    if (name === 'FROM') stages.push([])
    stages.at(-1)?.push(instruction)
  }
  return stages
}
