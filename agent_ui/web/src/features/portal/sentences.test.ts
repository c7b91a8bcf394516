import { describe, expect, it } from 'vitest'
import brands from '../../../../../core/brands.py?raw'
import fields from '../../../../../channels/web/fields.py?raw'
import topics from '../../../../../channels/web/topics.py?raw'
import api from '../../../../api/portal.py?raw'
import { messageFor, problemWords } from '@/shared/problemWords'
import { i18n, withWords } from '@/shared/i18n'
import './sentences'

/** The sentences in a module of the server, with a number for each part that is filled in; none of its comments. */
function sentencesOf(source: string): string[] {
  const code = source.replace(/"""[\s\S]*?"""/g, '').replace(/#.*$/gm, '')
  return [...code.matchAll(/f?"([A-Z][^"\n]* [^"\n]*\.)"/g)].map((found) => found[1]!.replace(/\{[^}]*\}/g, '7'))
}
const sentences = [brands, fields, topics, api].flatMap(sentencesOf)

describe('what the server says of brands and topics', () => {
  it('is found in its sources', () => expect(sentences.length).toBeGreaterThan(25))
  it.each(sentences)('has words in every language: %s', async (sentence) => {
    await withWords(Promise.resolve(), 'portal', 'office')
    const found = messageFor(sentence)
    expect(found && i18n.global.te(found.key)).toBe(true)
  })
  it('keeps what was filled in', () => {
    expect(problemWords('The host help.acme.example has a brand already.')).toBe('The host help.acme.example has a brand already.')
    expect(problemWords('A choice has from 1 to 40 answers.')).toContain('40')
  })
  it('is told of the decoder, too, and what nobody knows stays as it is', () => {
    expect(problemWords('Expected `str` of length <= 300')).toBe('At most 300 characters have room.')
    expect(problemWords("Invalid enum value 'xx'")).toBe('Choose one of what is offered.')
    expect(problemWords('A reason of a mail server')).toBe('A reason of a mail server')
  })
})
