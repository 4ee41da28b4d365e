// Exits 0 when node_modules holds what package-lock.json says and this Node can run the sources; else says what
// is missing and exits 1. Runs on any Node since 16, as it decides whether the right one has to be fetched.
// `--test` asks for the development dependencies too.
'use strict'

const { readFileSync } = require('node:fs')

const leastNode = 24

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return {}
  }
}

// npm keeps in the second file what it has installed.
const wanted = packagesIn('package-lock.json')
const installed = packagesIn('node_modules/.package-lock.json')
const withDevelopment = process.argv.includes('--test')

function missing([path, { version, optional, dev, devOptional }]) {
  if (path === '' || (!withDevelopment && (dev || devOptional))) return false
  const found = installed[path]
  return found ? found.version !== version : !optional
}

const [lack] = Object.entries(wanted).find(missing) || []
const [node] = process.versions.node.split('.')
if (lack) console.error(`${lack} is not installed as package-lock.json says`)
else if (node < leastNode)
  console.error(
    `Latchkey runs on Node ${leastNode} or later, and this is Node ${node}. The npm registry has that Node for Linux ` +
      `on x64 and arm64 (with glibc); on this system, ${process.platform} on ${process.arch}, please install it yourself.`,
  )
process.exit(lack || node < leastNode ? 1 : 0)
