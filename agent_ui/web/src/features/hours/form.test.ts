import { describe, expect, it } from 'vitest'
import type { Schedule, Times } from '@/shared/api/choices'
import { formOf, inputOf, oneMore, overnight, weekLines } from './form'

const week = (monday: Times[], others: Times[] = []): Times[][] => [monday, ...Array.from({ length: 6 }, () => others)]
const schedule = (weekly: Times[][], days: Schedule['days'] = []): Schedule =>
  ({ name: 'default', timeZone: 'Asia/Kolkata', weekly, days, version: 1, now: { isOpen: true, words: '' } })

describe('the form of opening hours', () => {
  it.each<[string, Times, string, string]>([
    ['a day', ['09:00', '18:30'], '09:00', '18:30'],
    ['a night', ['22:00', '26:30'], '22:00', '02:30'],
    ['until midnight', ['14:00', '24:00'], '14:00', '00:00'],
    ['round the clock', ['00:00', '24:00'], '00:00', '00:00'],
    ['round the clock from noon', ['12:00', '36:00'], '12:00', '12:00'],
  ])('shows %s as people say it, and gives back what it got', (_, times, from, until) => {
    const kept = schedule(week([times]), [{ date: '2026-03-03', name: 'Holi', windows: [times] }])
    const form = formOf(kept)
    expect([form.weekly[0], form.days[0]?.windows]).toEqual([[{ from, until }], [{ from, until }]])
    expect(inputOf(form)).toEqual({ timeZone: 'Asia/Kolkata', weekly: kept.weekly, days: kept.days })
  })
  it('sends what is unfinished as it is, so that the server names the place', () => {
    const form = formOf(schedule(week([])))
    form.weekly[1] = [{ from: '', until: '' }, { from: '09:00', until: '' }]
    form.days = [{ date: null, name: ' New ', windows: [] }]
    expect(inputOf(form).weekly[1]).toEqual([['', ''], ['09:00', '']])
    expect(inputOf(form).days).toEqual([{ date: null, name: 'New', windows: [] }])
    expect(overnight({ from: '', until: '09:00' })).toBe(false)
  })
  it.each([
    [[], '09:00', '18:00'],
    [[{ from: '09:00', until: '13:00' }], '14:00', '18:00'],
    [[{ from: '09:00', until: '19:30' }], '20:30', '00:00'],
    [[{ from: '09:00', until: '23:59' }], '23:00', '00:00'],
    [[{ from: '22:00', until: '06:00' }], '09:00', '18:00'],
  ])('offers one more stretch after %j', (windows, from, until) => expect(oneMore(windows)).toEqual({ from, until }))
})

it('a week is told in as few lines as it has kinds of days', () => {
  const names = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
  const day: Times[] = [['09:00', '13:00'], ['14:00', '26:00']]
  expect(weekLines([day, day, day, [], day, [['00:00', '24:00']], []], names)).toEqual([
    { days: 'Mon – Wed', times: '09:00 – 13:00, 14:00 – 02:00' },
    { days: 'Thu', times: '' },
    { days: 'Fri', times: '09:00 – 13:00, 14:00 – 02:00' },
    { days: 'Sat', times: '00:00 – 24:00' },
    { days: 'Sun', times: '' },
  ])
})
