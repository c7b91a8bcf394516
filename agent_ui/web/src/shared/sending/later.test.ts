import { describe, expect, it } from 'vitest'
import { fieldMoment, fieldValue, laterChoices, laterProblem, momentAt, wallTime } from './later'

const KOLKATA = 'Asia/Kolkata'
const NEW_YORK = 'America/New_York'

describe('sending later', () => {
  it('counts on the clock of the agent, wherever the browser is', () => {
    // Sunday 22 November 2026, 20:00 in India
    const choices = laterChoices(new Date('2026-11-22T14:30:00Z'), KOLKATA)
    expect(choices.map(({ key, at }) => [key, at.toISOString()])).toEqual([['tomorrow', '2026-11-23T03:30:00.000Z']])
  })

  it('offers Monday when it is not tomorrow, and this morning at night', () => {
    const friday = laterChoices(new Date('2026-11-26T22:00:00Z'), KOLKATA)
    expect(friday.map(({ key, at }) => [key, at.toISOString()])).toEqual([
      ['morning', '2026-11-27T03:30:00.000Z'],
      ['tomorrow', '2026-11-28T03:30:00.000Z'],
      ['monday', '2026-11-30T03:30:00.000Z'],
    ])
    // a Monday offers the next one
    expect(laterChoices(new Date('2026-11-23T08:00:00Z'), KOLKATA).at(-1)!.at.toISOString()).toBe('2026-11-30T03:30:00.000Z')
  })

  it('keeps the hour over a change of clocks', () => {
    const saturday = new Date('2026-10-31T15:00:00Z')
    expect(wallTime(laterChoices(saturday, NEW_YORK)[0]!.at, NEW_YORK)).toMatchObject({ day: 1, hour: 9, minute: 0 })
    const skipped = momentAt({ year: 2026, month: 3, day: 8, hour: 2, minute: 30 }, NEW_YORK)
    expect(skipped.toISOString()).toBe('2026-03-08T07:30:00.000Z')
    const twice = momentAt({ year: 2026, month: 11, day: 1, hour: 1, minute: 30 }, NEW_YORK)
    expect(twice.toISOString()).toBe('2026-11-01T05:30:00.000Z')
  })

  it.each([KOLKATA, NEW_YORK, 'UTC', 'Pacific/Apia'])('gives back what was put into the field in %s', (zone) => {
    for (const value of ['2026-11-24T09:05', '2027-02-28T23:59', '2026-12-31T00:00']) {
      expect(fieldValue(fieldMoment(value, zone)!, zone)).toBe(value)
    }
  })

  it('takes no moment that is gone, too far off or none', () => {
    const now = new Date('2026-11-22T12:00:00Z')
    expect(fieldMoment('', KOLKATA)).toBeNull()
    expect(laterProblem(null, now)).toBe('missing')
    expect(laterProblem(now, now)).toBe('past')
    expect(laterProblem(new Date('2027-11-24T12:00:00Z'), now)).toBe('far')
    expect(laterProblem(new Date('2026-11-22T12:01:00Z'), now)).toBeNull()
  })
})
