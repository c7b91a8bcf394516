// Weighs the built console against its budget (gzip, kB = 1,000 bytes): node scripts/budget.mjs [folder of the build].
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'

const folder = path.resolve(process.argv[2] ?? process.env.OUT_DIR ?? 'dist')
const manifest = JSON.parse(readFileSync(path.join(folder, '.vite', 'manifest.json'), 'utf8'))

const gz = (file) => gzipSync(readFileSync(path.join(folder, file)), { level: 9 }).length / 1000

/** A chunk with everything it imports statically: what must be there before it can run. */
function closure(key, seen = new Set()) {
  if (!seen.has(key)) {
    seen.add(key)
    for (const other of manifest[key].imports ?? []) closure(other, seen)
  }
  return seen
}

const entryKey = Object.keys(manifest).find((key) => manifest[key].isEntry)
const shell = closure(entryKey)

function weigh(match, kind = 'js') {
  const key = Object.keys(manifest).find((name) => name.endsWith(match))
  if (!key) throw new Error(`${match} is not in the manifest`)
  const own = [...closure(key)].filter((name) => !shell.has(name))
  return own.reduce((sum, name) => sum + (kind === 'js' ? gz(manifest[name].file) : 0), 0)
}

const css = new Set([...shell].flatMap((key) => manifest[key].css ?? []))
const rows = [
  ['console shell JS', [...shell].reduce((sum, key) => sum + gz(manifest[key].file), 0), 140],
  ['console shell CSS', [...css].reduce((sum, file) => sum + gz(file), 0), 15],
  ['conversation (with what it shares)', weigh('pages/inbox/TicketPane.vue'), 60],
  ['composer', weigh('features/composer/TicketComposer.vue') - shared('features/composer/TicketComposer.vue'), 145],
  ['knowledge base', weigh('pages/knowledge/ArticlesPage.vue') - shared('pages/knowledge/ArticlesPage.vue'), 30],
  ['article editor', weigh('pages/knowledge/ArticlePage.vue') - shared('pages/knowledge/ArticlePage.vue'), 190],
  ['palette', weigh('features/palette/CommandPalette.vue') - shared('features/palette/CommandPalette.vue'), 12],
  ...['hi', 'mr', 'bn', 'kn'].map((code) => [`locale ${code}, shell`, weigh(`i18n/${code}.json?part=shell`), 10]),
  ...['hi', 'mr', 'bn', 'kn'].flatMap((code) => ['desk', 'office', 'knowledge', 'products', 'widget', 'choices', 'portal', 'routing', 'rules'].map((part) => [`locale ${code}, ${part}`, weigh(`i18n/${code}.json?part=${part}`), 10])),
]

/** What a lazy part shares with the conversation is loaded already when the part is asked for. */
function shared(match) {
  const pane = closure(Object.keys(manifest).find((name) => name.endsWith('pages/inbox/TicketPane.vue')))
  const key = Object.keys(manifest).find((name) => name.endsWith(match))
  return [...closure(key)].filter((name) => !shell.has(name) && pane.has(name)).reduce((sum, name) => sum + gz(manifest[name].file), 0)
}

let failed = false
for (const [name, size, limit] of rows) {
  const over = size > limit
  failed ||= over
  console.log(`${over ? 'OVER ' : 'ok   '}${name.padEnd(36)}${size.toFixed(1).padStart(7)} of ${limit} kB gz`)
}
if (failed) process.exitCode = 1
