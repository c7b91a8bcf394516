import { describe, expect, it } from 'vitest'
import policies from '../../../../../routing/policies.py?raw'
import { messageFor } from '@/shared/problemWords'
import { i18n, withWords } from '@/shared/i18n'
import './sentences'

/** The complaints in a module of the server, with a number for each part that is filled in. */
const code = policies.replace(/"""[\s\S]*?"""/g, '')
const sentences = [...code.matchAll(/f?"([A-Z][^"\n]* [^"\n]*\.)"/g)].map((found) => found[1]!.replace(/\{[^}]*\}/g, '7'))

describe('what the server says of response times', () => {
  it('is found in its sources', () => expect(sentences.length).toBeGreaterThan(6))
  it.each(sentences)('has words: %s', async (sentence) => {
    await withWords(Promise.resolve(), 'office', 'choices')
    const found = messageFor(sentence)
    expect(found && i18n.global.te(found.key)).toBe(true)
  })
})
