import { expect, it } from 'vitest'
import vocabulary from '../../../../../core/search_vocabulary.py?raw'
import { i18n, withWords } from '@/shared/i18n'
import { messageFor } from '@/shared/problemWords'
import './sentences'

/** What is refused in the module of the server, with a number for each part that is filled in. */
const refusals = [...vocabulary.matchAll(/(?:Invalid|NotFound)(?:\.field)?\((?:"[^"]*", )?f?"([A-Z][^"]*\.)"/g)].map((found) => found[1]!.replace(/\{[^}]*\}/g, '7'))

it('what the server refuses of words is found in its source', () => expect(refusals.length).toBeGreaterThan(4))
it.each(refusals)('has words: %s', async (sentence) => {
  await withWords(Promise.resolve(), 'choices')
  const found = messageFor(sentence)
  expect(found && i18n.global.te(found.key)).toBe(true)
})
