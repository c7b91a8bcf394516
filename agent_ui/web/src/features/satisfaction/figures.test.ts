import { describe, expect, it } from 'vitest'
import type { Satisfaction } from '@/shared/api/reports'
import { average, percent, reasonLines, scoreLines, share, stepName } from './figures'

const report = (change: Partial<Satisfaction>): Satisfaction => ({
  since: '', until: '', asked: 0, returned: 0, answered: 0, average: null, content: null, scores: [0, 0, 0, 0, 0], reasons: {}, ...change,
})

describe('figures of the report', () => {
  it.each([[4.25, '4.3'], [5, '5.0'], [null, '–']])('%s on average is %s', (value, text) => expect(average(value)).toBe(text))
  it.each([[0.8333, '83%'], [0, '0%'], [null, '–']])('the share %s is %s', (value, text) => expect(percent(value)).toBe(text))
  it('nobody asked is no share, and not nothing', () => expect([share(0, 0), share(0, 4), share(3, 4)]).toEqual([null, 0, 0.75]))
  it('scores go from good to bad, with their parts', () => {
    const lines = scoreLines(report({ scores: [1, 0, 0, 1, 2], answered: 4 }))
    expect(lines.map(({ score, times, part }) => [score, times, part])).toEqual([[5, 2, 0.5], [4, 1, 0.25], [3, 0, 0], [2, 0, 0], [1, 1, 0.25]])
    expect(scoreLines(report({})).every(({ part }) => part === 0)).toBe(true)
  })
  it('the most frequent reason comes first', () => {
    expect(reasonLines(report({ reasons: { slow: 1, quick: 3 } })).map(({ reason }) => reason)).toEqual(['quick', 'slow'])
  })
  it.each([['day', '2 Mar'], ['week', '2 Mar 2026'], ['month', 'Mar 2026']] as const)('a %s is called %s', (step, name) => {
    expect(stepName('2026-03-02', step)).toBe(name)
  })
})
