import { describe, expect, it } from 'vitest'
import { amount, awake, band, clockOf, line, share, steps, top, wait } from './figures'

describe('figures of staffing', () => {
  it.each([[5, '5 secs'], [90, '90 secs'], [600, '10 mins'], [9000, '2.5 hrs'], [259_200, '3 days']])('%s seconds are %s', (seconds, words) => expect(wait(seconds)).toBe(words))
  it('shares and amounts are short', () => expect([share(0.1234), share(0.1234, 1), amount(3.14), amount(31.4)]).toEqual(['12%', '12.3%', '3.1', '31']))
  it('minutes of a day are a time', () => expect([clockOf(0), clockOf(630)]).toEqual(['00:00', '10:30']))
  it('an axis ends at a round number', () => expect([top([]), top([7]), top([12, 61]), top([100])]).toEqual([1, 7, 65, 100]))
  it('nights are left out', () => {
    const halves = [0, 0, 3, 4, 0, 0].map((n, at) => ({ start: at * 30, n }))
    expect(awake(halves, (half) => half.n > 0).map((half) => half.start)).toEqual([30, 60, 90, 120])
    expect(awake(halves, () => false)).toHaveLength(6)
  })
  it('lines go through the middle of half hours, steps along them', () => {
    expect(line([0, 10], 10, 100, 50)).toBe('M25,50L75,0')
    expect(band([0, 0], [10, 5], 10, 100, 50)).toBe('M25,0L75,25L75,50L25,50Z')
    expect(steps([1, 2], 2, 100, 50)).toBe('M0,25L50,25L50,0L100,0')
  })
})
