import { describe, expect, it } from 'vitest'
import promising from '../../../../../routing/promising.py?raw'
import { messageFor } from '@/shared/problemWords'
import { i18n, withWords } from '@/shared/i18n'
import './promiseSentences'

const code = promising.replace(/"""[\s\S]*?"""/g, '')
const sentences = [...code.matchAll(/f?"([A-Z][^"\n]* [^"\n]*\.)"/g)].map((found) => found[1]!.replace(/\{[^}]*\}/g, '7')).filter((one) => !one.includes('ticket'))

describe('what the server says of promises', () => {
  it('is found in its sources', () => expect(sentences.length).toBeGreaterThan(3))
  it.each(sentences)('has words: %s', async (sentence) => {
    await withWords(Promise.resolve(), 'desk')
    const found = messageFor(sentence)
    expect(found && i18n.global.te(found.key)).toBe(true)
  })
})
