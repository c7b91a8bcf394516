import { describe, expect, it } from 'vitest'
import actions from '../../../../../automation/actions.py?raw'
import calling from '../../../../../automation/calling.py?raw'
import conditions from '../../../../../automation/conditions.py?raw'
import engine from '../../../../../automation/engine.py?raw'
import flagging from '../../../../../automation/flagging.py?raw'
import references from '../../../../../automation/references.py?raw'
import rules from '../../../../../automation/rules.py?raw'
import timed from '../../../../../automation/timed.py?raw'
import webhooks from '../../../../../automation/webhooks.py?raw'
import { messageFor } from '@/shared/problemWords'
import { i18n, withWords } from '@/shared/i18n'
import './sentences'

/** What can only be sent by a program: the console offers nothing that leads to it. */
const FOR_PROGRAMS = /^(There is no such (field|event|delivery)|This cannot be asked of it|Conditions may be nested|A macro cannot do this|A rule is nobody|Hello )/
/** Docstrings are none, nor are the names of events that programs read. */
const code = [actions, calling, conditions, engine, flagging, references, rules, timed, webhooks].map((text) => text.replace(/"""[\s\S]*?"""/g, '').replace(/^ +"[a-z_.]+": ".*",$/gm, '').replace(/HAPPENINGS[\s\S]*?\n\)\n/, '').replace(/KINDS: Final[\s\S]*?\n\)\n/, '')).join('\n')
const sentences = [...new Set([...code.matchAll(/f?"([A-Z{][^"\n]* [^"\n]*\.)"/g)].map((found) => found[1]!.replace(/\{[^}]*\}/g, '7')))]

describe('what the server says of rules, macros and webhooks', () => {
  it('is found in its sources', () => expect(sentences.length).toBeGreaterThan(30))
  it.each(sentences.filter((sentence) => !FOR_PROGRAMS.test(sentence)))('has words: %s', async (sentence) => {
    await withWords(Promise.resolve(), 'rules', 'office', 'desk')
    const found = messageFor(sentence)
    expect(found && i18n.global.te(found.key)).toBe(true)
  })
})
