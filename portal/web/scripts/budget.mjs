// Weighs the built scripts against their budgets (gzip, kB = 1,000 bytes): node scripts/budget.mjs [folder of the build].
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { ENTRIES } from '../entries.mjs'

const folder = path.resolve(process.argv[2] ?? '../static/built')
const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'))
const gz = (file) => gzipSync(readFileSync(path.join(folder, file)), { level: 9 }).length / 1000

/** A chunk with everything it imports statically: what must be there before it can run. */
function closure(key, seen = new Set()) {
  if (!seen.has(key)) {
    seen.add(key)
    for (const other of manifest[key].imports ?? []) closure(other, seen)
  }
  return seen
}

for (const [name, limit] of Object.entries(ENTRIES)) {
  const size = [...closure(`src/${name}.ts`)].reduce((sum, key) => sum + gz(manifest[key].file), 0)
  const over = size > limit
  console.log(`${over ? 'OVER ' : 'ok   '}${`${name}.js`.padEnd(24)}${size.toFixed(1).padStart(7)} of ${limit} kB gz`)
  if (over) process.exitCode = 1
}
