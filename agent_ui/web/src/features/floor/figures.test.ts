import { describe, expect, it } from 'vitest'
import { level, share, span } from './figures'

describe('figures of a wallboard', () => {
  it.each([[7_000, '0:07'], [750_000, '12:30'], [11_100_000, '3:05 h'], [54_100_000, '15 h'], [360_000_000, '4 d'], [-5, '0:00']])('writes %d ms as %s', (ms, words) => expect(span(ms)).toBe(words))
  it('knows no service level where nothing was promised', () => expect([share(0, 0), share(3, 1), share(0, 2)]).toEqual([null, 75, 0]))
  it('warns before it alarms', () => expect([level(1, 2, 4), level(2, 2, 4), level(4, 2, 4)]).toEqual(['', 'text-warn', 'text-bad']))
})
