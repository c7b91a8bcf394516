import { describe, expect, it } from 'vitest'
import { holidaysOf, withHolidays } from './calendarFile'

const TODAY = '2026-03-02'
const calendar = (...events: string[]) => ['BEGIN:VCALENDAR', ...events.map((event) => `BEGIN:VEVENT\r\n${event}\r\nEND:VEVENT`), 'END:VCALENDAR'].join('\r\n')

describe('a calendar file', () => {
  it.each([
    ['a day', 'DTSTART;VALUE=DATE:20261108\r\nDTEND;VALUE=DATE:20261109\r\nSUMMARY;LANGUAGE=en:Diwali\\, the fes\r\n tival', [['2026-11-08', 'Diwali, the festival']]],
    ['a day without an end', 'SUMMARY:Holi\r\nDTSTART:20260303', [['2026-03-03', 'Holi']]],
    ['several days', 'DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270102\r\nSUMMARY:Year', [['2026-12-31', 'Year'], ['2027-01-01', 'Year']]],
    ['a day of every year', 'DTSTART;VALUE=DATE:20190126\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Republic Day', [['2026-01-26', 'Republic Day'], ['2027-01-26', 'Republic Day']]],
    ['a meeting', 'DTSTART:20260303T100000Z\r\nSUMMARY:Meeting', []],
    ['what was called off', 'DTSTART:20260303\r\nSTATUS:CANCELLED\r\nSUMMARY:Fair', []],
    ['nonsense', 'DTSTART:soon', []],
  ])('gives %s', (_, event, days) => {
    expect(holidaysOf(calendar(event), TODAY).map(({ date, name }) => [date, name])).toEqual(days)
  })
  it('that is none gives nothing', () => expect(holidaysOf('%PDF-1.7', TODAY)).toEqual([]))
  it('adds what is to come and not there yet, in order', () => {
    const there = [{ date: '2026-11-08', name: 'Diwali', windows: [{ from: '09:00', until: '12:00' }] }, { date: null, name: '', windows: [] }]
    const found = ['2026-01-26', '2026-11-08', '2026-03-03', '2026-03-03'].map((date) => ({ date, name: 'New' }))
    const { days, added } = withHolidays(there, found, TODAY)
    expect(added).toBe(1)
    expect(days.map((day) => [day.date, day.name])).toEqual([['2026-03-03', 'New'], ['2026-11-08', 'Diwali'], [null, '']])
  })
})
