import { describe, expect, it } from 'vitest'
import { withWords } from './i18n'
import { clockState, promiseWords, spanWords } from './promises'

await withWords(Promise.resolve(), 'desk')

describe('promises in words', () => {
  it.each([
    ['contract until 2027-03-01: first answer within 4 opening hours', 'Contract until 1 Mar 2027: first answer within 4 opening hours'],
    ['in warranty, priority urgent: solution within 90 minutes', 'In warranty, Urgent priority: solution within 90 minutes'],
    ['every request: first answer within 1 opening hour', 'Every request: first answer within 1 opening hour'],
    ['tier Gold, queue Night: next answer within 1 hour', 'Gold customers, Queue Night: next answer within 1 hour'],
    ['team Calls: call taken within 1 minute', 'Team Calls: call taken within 1 minute'],
    ['whatever was imported', 'whatever was imported'],
  ])('%s', (reason, expected) => expect(promiseWords(reason)).toBe(expected))

  it('counts hours where they are whole', () => {
    expect([spanWords(240, true), spanWords(90, false)]).toEqual(['4 opening hours', '90 minutes'])
  })
})

describe('the state of a clock', () => {
  const clock = { kind: 'resolution', dueAt: '2026-03-02T10:00:00Z', pausedAt: null, metAt: null, endedAt: null }
  it.each([
    [{}, 'runs'],
    [{ dueAt: null, pausedAt: '2026-03-02T09:00:00Z' }, 'paused'],
    [{ kind: 'first_response', dueAt: null, pausedAt: '2026-03-02T09:00:00Z' }, 'notNeeded'],
    [{ metAt: '2026-03-02T10:00:00Z' }, 'inTime'],
    [{ metAt: '2026-03-02T10:00:01Z' }, 'late'],
    [{ dueAt: null }, 'never'],
    [{ endedAt: '2026-03-02T11:00:00Z' }, 'notNeeded'],
  ])('%j', (change, expected) => expect(clockState({ ...clock, ...change })).toBe(expected))
})
