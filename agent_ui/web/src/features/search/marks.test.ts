import { describe, expect, it } from 'vitest'
import { markPieces } from './marks'

describe('marked words', () => {
  it('mark every searched word and take signs literally', () => {
    expect(markPieces('Pump (A+) leaks, pump again', 'pump (a+)').filter((p) => p.hit).map((p) => p.text)).toEqual(['Pump', '(A+)', 'pump'])
    expect(markPieces('nothing', 'x')).toEqual([{ text: 'nothing', hit: false }])
  })
})
