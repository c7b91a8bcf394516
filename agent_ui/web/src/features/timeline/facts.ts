/** What is known of a mail beside its words: who vouches for its sender, how it is protected, when it was written. */
import type { MailAuthentication } from '@/shared/api/types'

/** failed: somebody else may have written it; passed: the domain is proven; unchecked: nobody looked. */
export type Verdict = 'passed' | 'failed' | 'unchecked'

export type Check = 'spf' | 'dkim' | 'dmarc'
export const CHECKS: readonly Check[] = ['spf', 'dkim', 'dmarc']

const word = (result: string | null | undefined): string => (result ?? '').trim().toLowerCase()

/** Results that speak against a sender; "softfail" is what most domains publish for "not from us". */
const AGAINST = new Set(['fail', 'softfail', 'hardfail'])

/**
 * The verdict of the receiving server, in the order of trust: DMARC speaks for the address that people see;
 * without it a proof counts for the domain shown only when the server found them aligned.
 */
export function verdictOf(given: MailAuthentication | null | undefined): Verdict {
  if (!given) return 'unchecked'
  const [spf, dkim, dmarc] = [word(given.spf), word(given.dkim), word(given.dmarc)]
  if (dmarc === 'fail') return 'failed'
  if (dmarc === 'pass') return 'passed'
  const proven = spf === 'pass' || dkim === 'pass'
  if (proven && given.aligned !== false) return 'passed'
  if (!proven && (AGAINST.has(spf) || AGAINST.has(dkim))) return 'failed'
  return 'unchecked'
}

/** A result as a key of the catalogue (`timeline.results.*`), "" for one that the server did not give. */
export function resultKey(result: string | null | undefined): 'pass' | 'fail' | 'none' | 'error' | 'neutral' | '' {
  const given = word(result)
  if (given === 'pass') return 'pass'
  if (AGAINST.has(given)) return 'fail'
  if (given === 'none') return 'none'
  if (given.endsWith('error')) return 'error'
  return given ? 'neutral' : ''
}

export interface Protection {
  family: 'smime' | 'pgp'
  encrypted: boolean
}

/** "smime-signed", "pgp/encrypted" and the like; null for a mail without. */
export function protectionOf(value: string | null | undefined): Protection | null {
  const given = word(value)
  if (!given) return null
  return { family: /pgp|gpg/.test(given) ? 'pgp' : 'smime', encrypted: /encr|envelop/.test(given) }
}

/** From this difference on the mail's own date is worth a word beside the time it came. */
const FAR_MS = 6 * 3_600_000

export function datedFarOff(datedAt: string | null | undefined, at: string): boolean {
  if (!datedAt) return false
  const apart = Math.abs(Date.parse(datedAt) - Date.parse(at))
  return Number.isFinite(apart) && apart >= FAR_MS
}

/** Proofs that say the same to a reader. */
const ALIKE: Record<string, string> = { answeredBy: 'inReplyTo', mark: 'marker' }

/** The proof that put a message into its ticket, as a key under `timeline.matched`; "" for the ticket's first one. */
export function proofKey(rule: string | null | undefined): string {
  if (!rule) return ''
  // "follow_up:in_reply_to" tells the proof as well; the reader wants to know that the old ticket was closed.
  const proof = rule.split(':')[0]!.replace(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase())
  return ALIKE[proof] ?? proof
}
