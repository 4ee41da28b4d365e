import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * node scripts/bundle.ts [--if-stale]: makes the command into a few large files below dist/server
 * (ADR 0013), with the licences of whatever is in them.
 */
const root = join(import.meta.dirname, '..')
const server = join(root, 'dist/server')
const madeOf = join(server, 'made-of')

const before = stateOfSources()
const stale = before === undefined || before !== former()
if (stale || !process.argv.includes('--if-stale')) await bundle()

async function bundle(): Promise<void> {
  // Not to be read where nothing is to be done.
  const [{ build }, { builtins }, { naturalNames }, { oneCopy }, { plainContext }, { notices }] =
    await Promise.all([
      import('esbuild'),
      import('./bundle/builtins.ts'),
      import('./bundle/natural-names.ts'),
      import('./bundle/one-copy.ts'),
      import('./bundle/plain-context.ts'),
      import('./bundle/notices.ts'),
    ])
  rmSync(server, { recursive: true, force: true })
  // What bin/latchkey let Node keep of the former bundle.
  rmSync(join(root, 'node_modules/.cache/latchkey'), { recursive: true, force: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli.ts', { in: 'src/passwords/loops/worker.ts', out: 'worker' }],
    outdir: server,
    entryNames: '[name]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Names stay, for stack traces. Text is kept in memory as long as the code.
    minifySyntax: true,
    minifyWhitespace: true,
    // The engine calls its models by the names of their classes, which a bundle would number where two have one.
    keepNames: true,
    legalComments: 'none',
    // Binaries, and what pg looks for without needing it.
    external: ['@node-rs/*', 'argon2', 'pg-native'],
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';const require=requireFrom(import.meta.url);",
    },
    plugins: [builtins, oneCopy, plainContext],
    metafile: true,
    logLevel: 'warning',
    // The compiler's settings are about the sources' types.
    tsconfigRaw: {},
  })
  for (const output of Object.keys(metafile.outputs)) {
    const file = join(root, output)
    writeFileSync(file, naturalNames(readFileSync(file, 'utf8')))
  }
  // Redis runs Lua, which the bundler leaves where it is.
  cpSync(join(root, 'src/state/scripts'), join(server, 'scripts'), { recursive: true })
  writeFileSync(join(server, 'NOTICES'), notices(root, Object.keys(metafile.inputs)))
  // Where a file has changed meanwhile nobody knows which of the two was read: the sources go on running.
  if (before !== undefined && stateOfSources() === before) writeFileSync(madeOf, before)
}

/** Undefined where the tools of GNU are not there: then bin/latchkey trusts no bundle in a checkout. */
function stateOfSources(): string | undefined {
  try {
    return execFileSync('sh', [join(root, 'scripts/made-of')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return undefined
  }
}

function former(): string | undefined {
  try {
    return readFileSync(madeOf, 'utf8')
  } catch {
    return undefined
  }
}
