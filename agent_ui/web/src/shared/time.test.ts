import { afterEach, expect, it } from 'vitest'
import { ago, clockTime, countUpTo, dayKey, due, fileSize, fullTime, now, setTimeZone, timeIn } from './time'

afterEach(() => setTimeZone('Asia/Kolkata'))
const at = (iso: string) => (now.value = Date.parse(iso))

it('tells an overdue time by sign as well as by colour', () => {
  at('2026-01-01T12:00:00Z')
  expect(due('2026-01-01T11:46:00Z')).toEqual({ level: 'bad', text: '−14m' })
  expect(due('2026-01-01T12:20:00Z')).toEqual({ level: 'warn', text: '20m' })
  expect(due('2026-01-01T15:00:00Z')).toEqual({ level: '', text: '3h' })
  expect(due(null)).toBeNull()
})

it('counts ages up to a week and then names the day', () => {
  at('2026-01-20T12:00:00Z')
  expect(ago('2026-01-20T11:59:30Z')).toBe('now')
  expect(ago('2026-01-20T09:00:00Z')).toBe('3h')
  expect(ago('2026-01-01T09:00:00Z')).toContain('Jan')
})

it('uses the time zone of the agent, and ignores one that does not exist', () => {
  setTimeZone('Asia/Kolkata')
  expect(dayKey('2026-01-01T20:00:00Z')).toBe('2026-01-02')
  expect(clockTime('2026-01-01T20:00:00Z')).toMatch(/^1:30/)
  setTimeZone('Mars/Olympus')
  expect(() => clockTime('2026-01-01T20:00:00Z')).not.toThrow()
  expect(timeIn('Mars/Olympus')).toBe('')
})

it('keeps a time and its half of the day on one line', () => {
  setTimeZone('Asia/Kolkata')
  for (const text of [fullTime('2026-11-30T16:58:00Z'), clockTime('2026-11-30T16:58:00Z')]) expect(text).toMatch(/10:28\u00a0pm$/i)
  expect(fullTime('2026-11-30T16:58:00Z')).toContain('2026, ')
})

it('writes counters that stop at a thousand and sizes with units', () => {
  expect(countUpTo(999)).toBe('999')
  expect(countUpTo(1000)).toBe('1,000+')
  expect(fileSize(340_000)).toMatch(/340.kB/i)
})
