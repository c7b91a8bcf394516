/** Words of presence: what the desk and the server call a reason, in the reader's language. */
import { shallowRef } from 'vue'
import { ApiError } from './api/client'
import { presenceApi, type Reason } from './api/presence'
import { i18n, tr } from './i18n'
import { clockTime, dayKey, now, weekdayTime } from './time'
import type { Standing } from './api/types'

/** The reasons that the desk offers, read when somebody first looks at them. */
export const reasons = shallowRef<Reason[] | null>(null)

export async function loadReasons(): Promise<void> {
  try {
    reasons.value = await presenceApi.reasons()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error // the menu offers the states alone
  }
}

const SERVER: Record<string, string> = {
  'connection lost': 'lost', 'connection back': 'back', 'signed out': 'signedOut', idle: 'idle', 'offers missed': 'missed',
}
/** What the product brings, under the name that it has in the database. */
const BROUGHT: Record<string, string> = { Lunch: 'lunch', Tea: 'tea', Training: 'training', Meeting: 'meeting' }

/** Why somebody is away; "" where there is nothing to say. */
export function reasonWords(reason: string | null): string {
  if (!reason || reason === 'chosen') return ''
  const key = SERVER[reason] ?? BROUGHT[reason]
  return key && i18n.global.te(`presence.reasons.${key}`) ? tr(`presence.reasons.${key}`) : reason
}

/** "On a break, Lunch" */
export function standingWords(standing: Pick<Standing, 'state' | 'reason'>): string {
  const state = tr(`presence.${standing.state}`)
  const why = reasonWords(standing.reason)
  return why ? tr('presence.because', { state, reason: why }) : state
}

/** Since when, or how long a wrap-up still goes on: "since 10:28", "until 10:30". */
export function sinceWords(standing: Pick<Standing, 'since' | 'until'>): string {
  if (standing.until && Date.parse(standing.until) > now.value) return tr('presence.until', { t: clockTime(standing.until) })
  if (!standing.since) return ''
  const today = dayKey(standing.since) === dayKey(now.value)
  return tr('presence.since', { t: today ? clockTime(standing.since) : weekdayTime(standing.since) })
}
