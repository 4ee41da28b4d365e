import { registerHooks } from 'node:module'

interface Mistake {
  /** End of the source file's URL. */
  readonly file: string
  readonly right: string
  readonly wrong: string
}

/** Mistakes that the experiment must find: a piece of our source, and what stands there instead. */
export const plants = {
  'no hash for unknown': {
    file: '/src/users/authenticate.ts',
    right: 'const right = await verify(parts, user, tried)',
    wrong: 'const right = user && await verify(parts, user, tried)',
  },
  'half a ms for unknown': {
    file: '/src/users/authenticate.ts',
    right: "if (user === undefined) return 'unknown user'",
    wrong:
      "if (user === undefined) { for (const end = performance.now() + 0.5; performance.now() < end; ); return 'unknown user' }",
  },
  'one cost for all unknown': {
    file: '/src/passwords/dummy.ts',
    right: 'pick(seen, share(name, key))',
    wrong: "pick(seen, share('', key))",
  },
} as const satisfies Record<string, Mistake>
export type Plant = keyof typeof plants

export const isPlant = (name: string): name is Plant => Object.hasOwn(plants, name)

/** Loads our sources with the mistake in them, in this process. */
export function plant(name: Plant): void {
  const { file, right, wrong } = plants[name]
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (!url.endsWith(file)) return loaded
      const source = String(loaded.source)
      if (!source.includes(right)) throw new Error(`there is no place for the mistake: ${name}`)
      return { ...loaded, source: source.replace(right, wrong) }
    },
  })
}
