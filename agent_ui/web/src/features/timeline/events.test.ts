import { describe, expect, it } from 'vitest'
import { eventWords, type EventNames } from './events'

const names: EventNames = {
  agent: (id) => `agent ${id}`, team: (id) => `team ${id}`, status: (code) => code.toUpperCase(),
  priority: (code) => code.toUpperCase(), entitlement: (code) => code, clock: (kind) => kind, presence: (state) => state, because: (code) => code, time: (iso) => `at ${iso}`, reason: (sentence) => sentence, nobody: 'nobody',
}
const words = (kind: string, data: Record<string, unknown> = {}) => eventWords({ kind, data }, names)

describe('events in words', () => {
  it.each([
    [{ from: null, to: 7 }, { key: 'assigned', values: { to: 'agent 7', from: 'nobody' } }],
    [{ from: 7, to: null }, { key: 'unassigned', values: { to: 'nobody', from: 'agent 7' } }],
    [{ to: { id: 7, name: 'Neha' } }, { key: 'assigned', values: { to: 'Neha', from: 'nobody' } }],
    [{ to: { id: 7 } }, { key: 'assigned', values: { to: 'agent 7', from: 'nobody' } }],
  ])('names who got a ticket: %j', (data, expected) => expect(words('ticket.assigned', data)).toEqual(expected))

  it('says what happened to tags', () => {
    expect(words('ticket.tags_changed', { added: ['a', 'b'], removed: [] })).toEqual({ key: 'tagsAdded', values: { added: 'a, b' } })
    expect(words('ticket.tags_changed', { removed: ['a'] }).key).toBe('tagsRemoved')
    expect(words('ticket.tags_changed', { added: ['a'], removed: ['b'] }).key).toBe('tagsChanged')
  })

  it('translates states', () => {
    expect(words('ticket.status_changed', { from: 'open', to: 'solved' }).values).toEqual({ from: 'OPEN', to: 'SOLVED' })
  })

  it('gives the reason of the router, also when the ticket waits', () => {
    const data = { agent_id: 7, agent_name: 'Neha', reason: 'longest idle' }
    expect(words('ticket.routed', data)).toEqual({ key: 'routed', values: { to: 'Neha', reason: 'longest idle' } })
    expect(words('ticket.routed', { agent_id: null, reason: 'nobody is free' }).key).toBe('notRouted')
  })

  it('says what was missed and who had it then', () => {
    const data = { clock: 'resolution', due_at: '10:00', cause: { owner: 'Neha', owner_state: 'break' } }
    expect(words('sla.breached', data)).toEqual({ key: 'breached', values: { clock: 'resolution', due: 'at 10:00', who: 'Neha (break)' } })
    expect(words('sla.breached', { ...data, cause: { owner: null } }).values.who).toBe('nobody')
  })

  it('says what is promised now, and that nothing is', () => {
    const data = { because: 'entitlement', from: [], to: [{ kind: 'first_response', due_at: '10:00' }, { kind: 'resolution', due_at: '12:00' }] }
    expect(words('sla.recomputed', data)).toEqual({ key: 'recomputed', values: { because: 'entitlement', list: 'first_response at 10:00, resolution at 12:00' } })
    expect(words('sla.recomputed', { ...data, to: [] }).key).toBe('promisedNoMore')
  })

  it('shows an unknown event by its name', () => {
    expect(words('ticket.sla_paused')).toEqual({ key: 'other', values: { kind: 'ticket sla paused' } })
  })
})
