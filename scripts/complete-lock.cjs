// Adds to package-lock.json the binaries for other platforms that its packages name as optional dependencies and that
// npm left out, as it does when a registry lacks some: without them `npm ci` refuses the lock file, everywhere.
// They are pinned by version, not by a digest. Run it after `npm install`; with `--check` it only tells.
'use strict'

const { readFileSync, writeFileSync } = require('node:fs')

const platforms = {
  os: ['android', 'darwin', 'freebsd', 'linux', 'win32'],
  cpu: ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'],
}
const libcs = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl' }

/** What npm would have read in the package's own package.json: such packages carry their platform in their name. */
function entry(name, version, dev) {
  const words = name.split(/[-/]/)
  const of = (known) => words.filter((word) => known.includes(word))
  const libc = words.flatMap((word) => libcs[word] || [])
  return {
    version,
    cpu: of(platforms.cpu),
    ...(dev && { dev }),
    ...(libc.length && { libc }),
    optional: true,
    os: of(platforms.os),
  }
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const missing = {}
for (const { dev, optionalDependencies = {} } of Object.values(lock.packages))
  for (const [name, version] of Object.entries(optionalDependencies))
    if (!lock.packages[`node_modules/${name}`])
      missing[`node_modules/${name}`] = entry(name, version, dev)

const names = Object.keys(missing)
if (process.argv.includes('--check')) {
  for (const name of names)
    console.error(`package-lock.json lacks ${name}: node scripts/complete-lock.cjs`)
  process.exitCode = names.length ? 1 : 0
} else if (names.length) {
  const packages = Object.entries({ ...lock.packages, ...missing })
  packages.sort(([one], [other]) => one.localeCompare(other, 'en'))
  lock.packages = Object.fromEntries(packages)
  writeFileSync('package-lock.json', `${JSON.stringify(lock, undefined, 2)}\n`)
  console.log(`added ${names.length} packages to package-lock.json`)
}
