import { describe, expect, it } from 'vitest'
import { pieces } from './links'

describe('links', () => {
  it('are found in text, without the full stop behind them', () => {
    expect(pieces('See https://shop.example/a?b=1. Thanks')).toEqual([
      { text: 'See ' },
      { text: 'https://shop.example/a?b=1', address: 'https://shop.example/a?b=1' },
      { text: '. Thanks' },
    ])
  })
  it('are never scripts', () => {
    expect(pieces('javascript:alert(1) <b>bold</b>')).toEqual([{ text: 'javascript:alert(1) <b>bold</b>' }])
  })
})
