/** Invitations in words: what they ask for, and when they are in the reader's time zone. */
import type { CalendarPreview } from '@/shared/api/types'
import { allDayRange, timeRange } from '@/shared/time'

export type InvitationKind = 'request' | 'cancel' | 'reply' | 'counter' | 'event'

/** What an iTIP method means for the reader; "event" for a plain entry. */
export function invitationKey(method: string): InvitationKind {
  const given = method.toUpperCase()
  if (given === 'REQUEST' || given === 'ADD') return 'request'
  if (given === 'CANCEL') return 'cancel'
  if (given === 'REPLY') return 'reply'
  return given === 'COUNTER' || given === 'DECLINECOUNTER' ? 'counter' : 'event'
}

/** "24 Nov 2026, 10:00 – 11:00"; days alone for an all-day one, whose end is the day after its last; "" without a start. */
export function eventSpan(event: Pick<CalendarPreview, 'start' | 'end' | 'allDay'>): string {
  if (!event.start || Number.isNaN(Date.parse(event.start))) return ''
  const end = event.end && !Number.isNaN(Date.parse(event.end)) && event.end > event.start ? event.end : null
  return event.allDay ? allDayRange(event.start, end) : timeRange(event.start, end)
}
