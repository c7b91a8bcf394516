import { expect, it } from 'vitest'
import type { MailboxView } from '@/shared/api/mail'
import { standingOf } from './standing'

const NOTHING = { lastSuccessAt: null, lastMailAt: null, lastError: null, alarm: null, alarmSince: null }
const view = (change: object, status: object = {}) =>
  ({ isActive: true, imap: {}, oauth: null, status: { ...NOTHING, ...status }, ...change }) as unknown as MailboxView

it('says the worst thing first', () => {
  expect(standingOf(view({ isActive: false }, { alarm: 'x' })).key).toBe('inactive')
  expect(standingOf(view({ oauth: { connected: false } }, { alarm: 'x' })).key).toBe('notConnected')
  expect(standingOf(view({}, { alarm: 'refused', lastError: 'y' }))).toEqual({ key: 'alarm', tone: 'bad', detail: 'refused' })
  expect(standingOf(view({}, { lastError: 'y', lastSuccessAt: '2026-01-01T00:00:00Z' })).key).toBe('error')
  expect(standingOf(view({}, { lastSuccessAt: '2026-01-01T00:00:00Z' }))).toEqual({ key: 'works', tone: 'ok', detail: '' })
  expect(standingOf(view({})).key).toBe('waiting')
  expect(standingOf(view({ imap: null })).key).toBe('listens')
})
