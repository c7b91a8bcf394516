import { describe, expect, it } from 'vitest'
import { exampleRange, money, noon, rangesOf, rangesText, recallTold, recallWords, shares } from './products'

describe('how far a recall is', () => {
  it('has every state in its order, also the empty ones', () => {
    const { parts, total, done } = shares({ done: 3, mailed: 1 })
    expect(parts.map((part) => [part.state, part.count, part.percent])).toEqual([
      ['to_contact', 0, 0], ['mailed', 1, 25], ['answered', 0, 0], ['done', 3, 75], ['unreachable', 0, 0],
    ])
    expect([total, done]).toEqual([4, 3])
  })

  it('divides nothing by nothing', () => {
    expect(shares({}).parts.every((part) => part.percent === 0)).toBe(true)
  })
})

describe('the words of a recall', () => {
  const recall = { title: 'Hot cable', text: 'Pull the plug.', words: { hi: { title: 'गरम तार', text: 'प्लग निकालें।' } } }

  it('stand by language, and go back as they came', () => {
    const { titles, texts } = recallWords(recall, 'en')
    expect([titles, texts]).toEqual([{ en: 'Hot cable', hi: 'गरम तार' }, { en: 'Pull the plug.', hi: 'प्लग निकालें।' }])
    expect(recallTold(titles, texts, 'en')).toEqual(recall)
    expect(recallWords(null, 'en')).toEqual({ titles: {}, texts: {} })
  })

  it('leave out what says nothing, and send what says half of it', () => {
    const told = recallTold({ hi: 'गरम तार', mr: ' ', bn: '' }, { hi: 'प्लग निकालें।', kn: ' ಪ್ಲಗ್ ' }, 'hi')
    expect(told).toEqual({ title: 'गरम तार', text: 'प्लग निकालें।', words: { kn: { title: '', text: 'ಪ್ಲಗ್' } } })
  })
})

describe('ranges of serial numbers', () => {
  it.each([['TF123456', 'TF123400 – TF123499'], ['26-7', '26-0 – 26-9'], ['TFAB', ''], ['', '']])('an example as %s has it', (example, range) => {
    expect(exampleRange(example)).toBe(range)
  })
  it.each([
    ['TF1 – TF9', [['TF1', 'TF9']]],
    ['TF1 - TF9\n\n TF20 to TF30 \nTF40', [['TF1', 'TF9'], ['TF20', 'TF30'], ['TF40', 'TF40']]],
    ['TF1..TF9', [['TF1', 'TF9']]],
    ['TF-100 – TF-200', [['TF-100', 'TF-200']]],
    ['', []],
  ])('%j', (text, ranges) => expect(rangesOf(text)).toEqual(ranges))

  it('are written as they are read', () => {
    const ranges: [string, string][] = [['TF1', 'TF9'], ['TF40', 'TF40']]
    expect(rangesOf(rangesText(ranges))).toEqual(ranges)
  })
})

describe('amounts and days', () => {
  it('groups as in India and keeps an unknown currency', () => {
    expect(money(12_799_000, 'INR', 'en')).toBe('₹1,27,990.00')
    expect(money(100, '??', 'en')).toBe('1.00 ??')
  })

  it('keeps a day the same day in every time zone of the desk', () => {
    expect(new Date(noon('2028-01-15')).toLocaleDateString('en-CA', { timeZone: 'Asia/Kolkata' })).toBe('2028-01-15')
  })
})
