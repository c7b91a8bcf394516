import { expect, it } from 'vitest'
import hours from '../../../../../routing/hours.py?raw'
import view from '../../../../views/hours.py?raw'
import { i18n, withWords } from '@/shared/i18n'
import { messageFor } from '@/shared/problemWords'
import './sentences'

/** What is refused in a module of the server, with a number for each part that is filled in. */
const refusals = [hours, view].flatMap((source) =>
  [...source.matchAll(/(?:Invalid|NotFound|Stale)(?:\.field)?\((?:f?"[^"]*", |place, )?f?"([A-Z][^"]*\.)"/g)].map((found) => found[1]!.replace(/\{[^}]*\}/g, '7')))

it('what the server refuses of opening hours is found in its sources', () => expect(refusals.length).toBeGreaterThan(7))
it.each(refusals)('has words: %s', async (sentence) => {
  await withWords(Promise.resolve(), 'choices', 'office')
  const found = messageFor(sentence)
  expect(found && i18n.global.te(found.key)).toBe(true)
})
