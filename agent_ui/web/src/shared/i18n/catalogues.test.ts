import { describe, expect, it } from 'vitest'
import bn from './bn.json'
import en from './en.json'
import hi from './hi.json'
import { i18n, pluralIndex, setLocale, tr } from './index'
import kn from './kn.json'
import mr from './mr.json'

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(prefix + key, value)
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) found.set(inner, text)
  }
  return found
}
const placeholders = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort()
const source = flat(en as Tree)

describe.each(Object.entries({ hi, mr, bn, kn }))('catalogue %s', (_code, messages) => {
  const translated = flat(messages as unknown as Tree)
  it('has every message and no other', () => {
    expect([...translated.keys()].sort()).toEqual([...source.keys()].sort())
  })
  it('keeps every placeholder and every plural', () => {
    const wrong = [...source].filter(([key, text]) => {
      const other = translated.get(key) ?? ''
      return placeholders(text).join() !== placeholders(other).join() || text.includes(' | ') !== other.includes(' | ')
    })
    expect(wrong).toEqual([])
  })
})

describe('plurals', () => {
  it('put nought beside one in Hindi, Bangla and Kannada, beside many in English and Marathi', () => {
    expect([0, 1, 2].map((n) => pluralIndex(n, true))).toEqual([0, 0, 1])
    expect([0, 1, 2].map((n) => pluralIndex(n, false))).toEqual([1, 0, 1])
  })
  it('are chosen by the locale', async () => {
    expect(tr('views.tickets', { n: 0 }, 0)).toBe('0 tickets')
    await setLocale('kn')
    expect(tr('views.tickets', { n: 0 }, 0)).toBe('0 ಟಿಕೆಟ್')
    expect(document.documentElement.lang).toBe('kn')
    await setLocale('en')
  })
})

it('every message compiles', () => {
  for (const key of source.keys()) expect(() => i18n.global.t(key, 1)).not.toThrow()
})
