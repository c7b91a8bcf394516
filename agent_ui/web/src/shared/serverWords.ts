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
  [/^in wrap-up$/, 'inWrapUp', []],
  [/^without a skill that is needed$/, 'withoutSkill', []],
  [/^refused it a moment ago$/, 'refused', []],
  [/^busy with something beside which there is nothing else$/, 'blocked', []],
  [/^had her share of this hour$/, 'capped', []],
  [/^kept free for something more urgent$/, 'keptFree', []],
  [/^asked later$/, 'laterRing', []],
  [/^the preferred agent is asked first$/, 'preferredFirst', []],
  [/^being given other work at this moment$/, 'locked', []],
  [/^outside opening hours$/, 'closed', []],
  [/^Waits: outside opening hours$/, 'waitsClosed', []],
  [/^Waits: nobody has the skill that is needed$/, 'waitsSkill', []],
  [/^(.+) had it last, is available and has room$/, 'sticky', ['name']],
  [/^(.+) is whom the customer knows, is available and has room$/, 'owner', ['name']],
  [/^Last agent$/, 'lastAgent', []],
  [/^Relationship owner$/, 'relationshipOwner', []],
  [/^Offer accepted$/, 'offerAccepted', []],
  [/^Handed over$/, 'handedOver', []],
  [/^Its agent is gone$/, 'agentGone', []],
  [/^Moved to a queue$/, 'movedToQueue', []],
]

/** A sentence of the server in the reader's language. */
export function serverWords(sentence: string): string {
  const waits = /^Waits: (\d.+)$/.exec(sentence)?.[1]
  if (waits) return tr('server.waits', { who: waits.split(', ').map(counted).join(', ') })
  const ring = /^(.+) in ring (\d+)$/.exec(sentence)
  if (ring) return tr('server.inRing', { what: serverWords(ring[1]!), n: ring[2] })
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
