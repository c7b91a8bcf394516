import { describe, expect, it } from 'vitest'
import en from '@/shared/i18n/en.json'
import { VARIABLES, faults, preview, written } from './template'

describe('faults of a template', () => {
  it('names what does not exist, what is not known here, and names that may be missing', () => {
    const template = 'Hello {{customer.first_name}}, {{ agent.name }} reads #{{ticket.id}}. {{mailbox.nam}} {{customer.name|you}}'
    expect(faults(template, ['agent.name'])).toEqual({ unknown: ['mailbox.nam'], empty: ['agent.name'], risky: ['customer.first_name'] })
  })
  it('are none when each is known or says what to write instead', () => {
    expect(faults('{{customer.first_name|there}} {{agent.name|we}} {{ticket.id}}', ['agent.name'])).toEqual({ unknown: [], empty: [], risky: [] })
  })
})

describe('preview', () => {
  it('marks what was filled and what could not be', () => {
    expect(preview('Hello {{customer.first_name|there}}: {{ticket.id}} {{nothing}}', { 'ticket.id': '7' })).toEqual([
      { text: 'Hello ', kind: 'plain' }, { text: 'there', kind: 'filled' }, { text: ': ', kind: 'plain' }, { text: '7', kind: 'filled' },
      { text: ' ', kind: 'plain' }, { text: '{{nothing}}', kind: 'hole' },
    ])
  })
  it('leaves text that merely looks like one alone', () => {
    expect(preview('{ a } {{}} {{ a b }}', {})).toEqual([{ text: '{ a } {{}} {{ a b }}', kind: 'plain' }])
  })
})

it('a name is inserted with the word for nobody, everything else as it is', () => {
  expect(written('customer.first_name', 'there')).toBe('{{customer.first_name|there}}')
  expect(written('ticket.id', 'there')).toBe('{{ticket.id}}')
})

it('every variable has a label', () => {
  expect(Object.keys(en.template.names).sort()).toEqual(VARIABLES.map((name) => name.replace('.', '_')).sort())
})
