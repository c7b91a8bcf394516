import { beforeAll, describe, expect, it } from 'vitest'
import { setTimeZone } from '@/shared/time'
import { eventSpan, invitationKey } from './calendar'

describe('invitations', () => {
  beforeAll(() => setTimeZone('Asia/Kolkata'))

  it('says what is asked for', () => {
    expect(['REQUEST', 'cancel', 'REPLY', 'COUNTER', 'PUBLISH', ''].map(invitationKey)).toEqual(
      ['request', 'cancel', 'reply', 'counter', 'event', 'event'])
  })

  it('shows the reader’s own time', () => {
    const span = eventSpan({ start: '2026-11-24T04:30:00Z', end: '2026-11-24T05:30:00Z', allDay: false })
    expect(span).toContain('24 Nov 2026')
    expect(span).toMatch(/10:00.+11:00/)
  })

  it('names the last day of an all-day event, not the one after, in every time zone', () => {
    const span = eventSpan({ start: '2026-11-24', end: '2026-11-26', allDay: true })
    expect(span).toMatch(/24.+25 Nov 2026/)
    expect(eventSpan({ start: '2026-11-24', end: '2026-11-25', allDay: true })).toMatch(/^24 Nov 2026$/)
  })

  it('makes nothing of a broken date', () => {
    expect(eventSpan({ start: 'soon', end: null, allDay: false })).toBe('')
    expect(eventSpan({ start: null, end: null, allDay: true })).toBe('')
    expect(eventSpan({ start: '2026-11-24T04:30:00Z', end: 'later', allDay: false })).toContain('24 Nov 2026')
  })
})
