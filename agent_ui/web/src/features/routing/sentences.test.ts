import { describe, expect, it } from 'vitest'
import queues from '../../../../../routing/queues.py?raw'
import skills from '../../../../../routing/skills.py?raw'
import rules from '../../../../../routing/presence_rules.py?raw'
import wallboards from '../../../../../routing/wallboards.py?raw'
import { messageFor } from '@/shared/problemWords'
import { i18n, withWords } from '@/shared/i18n'
import './sentences'

/** The complaints in modules of the server, with a number for each part that is filled in. */
const code = [rules, wallboards, queues, skills].join('\n').replace(/"""[\s\S]*?"""/g, '')
const sentences = [...code.matchAll(/(?:field\("\w+", |NotFound\(|Conflict\()f?"([A-Z][^"\n]* [^"\n]*\.)"/g)].map((found) => found[1]!.replace(/\{[^}]*\}/g, '7'))

describe('what the server says of breaks and wallboards', () => {
  it('is found in its sources', () => expect(sentences.length).toBeGreaterThan(4))
  it.each(sentences.filter((one) => !one.startsWith('This link')))('has words: %s', async (sentence) => {
    await withWords(Promise.resolve(), 'routing', 'desk')
    const found = messageFor(sentence)
    expect(found && i18n.global.te(found.key)).toBe(true)
  })
})
