import { registerHooks } from 'node:module'

/** Mistakes that the experiment must find: text of a source file, and what stands there instead. */
export const plants = {
  /** An unknown user costs no hash. */
  skip: [
    "await parts.passwords.verifyDummy(tried.password, tried.name)\n    return 'unknown user'",
    "return 'unknown user'",
  ],
  /** An unknown user costs half a millisecond more. */
  'half a millisecond': [
    "    return 'unknown user'",
    "    for (const end = performance.now() + 0.5; performance.now() < end; );\n    return 'unknown user'",
  ],
} as const
export type Plant = keyof typeof plants

export const isPlant = (name: string): name is Plant => Object.hasOwn(plants, name)

/** Loads src/users/authenticate.ts with the mistake in it, in this process. */
export function plant(name: Plant): void {
  const [right, wrong] = plants[name]
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (!url.endsWith('/src/users/authenticate.ts')) return loaded
      const source = String(loaded.source)
      if (!source.includes(right)) throw new Error(`there is no place for the mistake ${name}`)
      return { ...loaded, source: source.replace(right, wrong) }
    },
  })
}
