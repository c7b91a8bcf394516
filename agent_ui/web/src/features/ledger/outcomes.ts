/** What became of a mail: which words, which colour, which counter. */
import type { LedgerItem, LedgerMailbox } from '@/shared/api/mail'

/** Outcomes with words of their own; the order is that of the filters. */
const KNOWN = [
  'ticket', 'reply', 'agent_reply', 'agent_refused', 'forwarded', 'sent_elsewhere', 'automatic', 'bounce', 'report', 'duplicate',
  'blocked', 'own_loop', 'unreadable', 'too_big',
] as const
type Known = (typeof KNOWN)[number]

/** A counter of the server ("tooBig") and the filter that lists what it counts ("too_big"). */
export interface Counter {
  filter: string
  count: number
}

const STATES = ['failed', 'waiting'] as const
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
/** The ledger calls what waits "received". */
const filterOf = (counter: string) => (counter === 'waiting' ? 'received' : snake(counter))

/** Key below `ledger.outcomes`, also for outcomes that a newer server has and this page does not know. */
export function wordsOf(outcome: string): string {
  if (outcome === 'received') return 'waiting'
  return (KNOWN as readonly string[]).includes(outcome) || outcome === 'failed' ? outcome : 'other'
}

/** How a mail's line begins: `key` below `ledger.became`, and the ticket or entry it leads to. */
export interface Became {
  key: Known | 'failed' | 'waiting' | 'other'
  ticketId: number | null
  entryId: number | null
}

export function became(item: LedgerItem): Became {
  const key = item.outcome !== null ? wordsOf(item.outcome) as Became['key'] : item.state === 'failed' ? 'failed' : 'waiting'
  return { key, ticketId: item.ticketId, entryId: item.duplicateOf }
}

export type Tone = 'good' | 'bad' | 'warn' | 'plain'

export function toneOf(item: LedgerItem): Tone {
  const { key } = became(item)
  if (key === 'failed' || key === 'unreadable') return 'bad'
  if (key === 'too_big' || key === 'agent_refused' || key === 'bounce') return 'warn'
  return ['ticket', 'reply', 'agent_reply', 'forwarded', 'sent_elsewhere'].includes(key) ? 'good' : 'plain'
}

/** The counters of one mailbox or of all, in a fixed order; those at nought are left out, but never tickets. */
export function counters(mailboxes: readonly LedgerMailbox[], account = ''): Counter[] {
  const sums = new Map<string, number>()
  for (const box of mailboxes) {
    if (account && box.name !== account) continue
    for (const [name, n] of Object.entries(box.counts)) sums.set(name, (sums.get(name) ?? 0) + n)
  }
  const rank = (name: string) => {
    const at = [...STATES, ...KNOWN].findIndex((known) => known === name || known === snake(name))
    return at < 0 ? KNOWN.length + STATES.length : at
  }
  return [...sums].filter(([name, n]) => n > 0 || name === 'ticket')
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([name, n]) => ({ filter: filterOf(name), count: n }))
}

/** All mails of the counters together. */
export const total = (counted: readonly Counter[]) => counted.reduce((sum, { count }) => sum + count, 0)

export interface Balance {
  /** Mails on the server that should be here, and how many of them are. */
  expected: number
  held: number
  /** Still to be fetched, and passed over. */
  pending: number
  missing: number
}

/** The server's mails beside ours; what is older than the first day was left there on purpose. */
export function balance(box: LedgerMailbox): Balance | null {
  const { audit } = box
  // an audit that failed and had none before it has no numbers
  if (!audit || (audit.error && !audit.uidvalidity)) return null
  const { server, beforeStart, ledger: held, pending, missingCount: missing } = audit
  return { expected: Math.max(held, server - beforeStart), held, pending, missing }
}
