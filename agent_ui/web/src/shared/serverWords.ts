/**
 * Sentences that the server keeps in the history in English, in the reader's language. What is not known here (a rule
 * that people have named, a reason of a mail server) is shown as it is.
 */
import { i18n, tr } from './i18n'

const SENTENCES: readonly [RegExp, string, readonly string[]][] = [
  [/^Longest idle$/, 'longestIdle', []],
  [/^The customer wrote$/, 'customerWrote', []],
  [/^The customer wrote first$/, 'customerWroteFirst', []],
  [/^The customer said so$/, 'customerSaidSo', []],
  [/^The reply was taken back$/, 'takenBack', []],
  [/^The visitor had left$/, 'visitorLeft', []],
  [/^(.+) is available, has room, and has been idle longest of (\d+) ready agents$/, 'idleOf', ['name', 'n']],
  [/^(.+) is available, has room, and has been idle longest$/, 'idle', ['name']],
  [/^Waits: nobody works in this team$/, 'waitsNobody', []],
  [/^not signed in$/, 'notSignedIn', []],
  [/^on a break$/, 'onBreak', []],
  [/^at capacity$/, 'full', []],
  [/^at capacity \((\d+) of (\d+)\)$/, 'fullOf', ['open', 'capacity']],
  [/^somebody else has been idle longer$/, 'idleLonger', []],
]

/** A sentence of the server in the reader's language. */
export function serverWords(sentence: string): string {
  const waits = /^Waits: (\d.+)$/.exec(sentence)?.[1]
  if (waits) return tr('server.waits', { who: waits.split(', ').map(counted).join(', ') })
  for (const [pattern, key, names] of SENTENCES) {
    const found = pattern.exec(sentence)
    if (found) return tr(`server.${key}`, Object.fromEntries(names.map((name, at) => [name, found[at + 1]])))
  }
  return i18n.global.te(`presence.${sentence}`) ? tr(`presence.${sentence}`) : sentence
}

/** "3 at capacity" */
function counted(part: string): string {
  const [, n = '', words = ''] = /^(\d+) (.+)$/.exec(part) ?? []
  return n ? `${n} × ${serverWords(words)}` : part
}
