/** What a response time promises, in the reader's language. The server keeps the reason as an English sentence. */
import type { TicketClock } from './api/responseTimes'
import { noon } from './products'
import { tr } from './i18n'
import { longDate } from './time'

const COVERS: Record<string, string> = { 'in warranty': 'in_warranty', contract: 'contract', 'cover has ended': 'expired', 'no cover': 'none' }
const KINDS: Record<string, string> = { 'first answer': 'first_response', 'next answer': 'next_response', solution: 'resolution', 'call taken': 'call_answer' }
const SENTENCE = /^(.+): (first answer|next answer|solution|call taken) within (\d+) (opening )?(hour|minute)s?$/

/** "4 opening hours" or "30 minutes". */
export function spanWords(minutes: number, business: boolean): string {
  const whole = minutes % 60 === 0
  const n = whole ? minutes / 60 : minutes
  return tr(`sla.span.${business ? 'opening' : 'calendar'}.${whole ? 'hours' : 'minutes'}`, { n }, n)
}

/** "Contract until 1 Mar 2027, urgent"; what is not known here is shown as it is. */
function condition(part: string): string {
  const [, place, name] = /^(tier|team|queue) (.+)$/.exec(part) ?? []
  if (place) return tr(`sla.of.${place}`, { name })
  const priority = /^priority (\w+)$/.exec(part)?.[1]
  if (priority) return tr('sla.priority', { priority: tr(`priority.${priority}`) })
  const [, cover = '', until] = /^(.+?)(?: until (\d{4}-\d\d-\d\d))?$/.exec(part) ?? []
  const state = COVERS[cover]
  if (!state) return part === 'every request' ? tr('sla.everyRequest') : part
  const words = tr(`product.state.${state}`)
  return until ? `${words} ${tr('product.until', { day: longDate(noon(until)) })}` : words
}

/** Why a clock is due then: "Contract until 1 Mar 2027: first answer within 4 opening hours". */
export function promiseWords(reason: string): string {
  const [, who = '', what = '', number = '', opening, unit] = SENTENCE.exec(reason) ?? []
  if (!what) return reason
  const minutes = Number(number) * (unit === 'hour' ? 60 : 1)
  const promised = tr('sla.within', { what: tr(`sla.kind.${KINDS[what]}`), span: spanWords(minutes, Boolean(opening)) })
  return `${who.split(', ').map(condition).join(', ')}: ${promised}`
}

export type ClockState = 'runs' | 'paused' | 'notNeeded' | 'inTime' | 'late' | 'never'

/** How a promise stands. A first answer that nobody gave before the ticket was solved is needed no more, nor what has ended. */
export function clockState(clock: Pick<TicketClock, 'kind' | 'dueAt' | 'pausedAt' | 'metAt' | 'endedAt'>): ClockState {
  if (clock.metAt) return clock.dueAt && Date.parse(clock.metAt) > Date.parse(clock.dueAt) ? 'late' : 'inTime'
  if (clock.endedAt) return 'notNeeded'
  if (clock.pausedAt) return clock.kind === 'first_response' ? 'notNeeded' : 'paused'
  return clock.dueAt ? 'runs' : 'never'
}
