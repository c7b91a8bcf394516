import { describe, expect, it } from 'vitest'
import type { Command } from '@/shared/commands'
import { row } from '@/shared/testing'
import { findCommands, findTickets, matches } from './find'

describe('palette', () => {
  const rows = [row(4711, { subject: 'Pump leaks' }), row(47110), row(12, { customer: { id: 2, name: 'संजय कुलकर्णी', vip: false } })]
  it('finds tickets by number, exact first, by words and by name', () => {
    expect(findTickets(rows, '#4711').map((r) => r.id)).toEqual([4711, 47110])
    expect(findTickets(rows, 'lea pu').map((r) => r.id)).toEqual([4711])
    expect(findTickets(rows, 'कुलकर्णी').map((r) => r.id)).toEqual([12])
    expect(findTickets(rows, 'p')).toEqual([])
  })
  it('matches the beginnings of words', () => {
    expect(matches('Set status: available', 'st av')).toBe(true)
    expect(matches('Set status: available', 'vail')).toBe(true)
    expect(matches('Set status: available', 'xy')).toBe(false)
  })
  it('puts the command of exactly this name first', () => {
    const named = (id: string): Command => ({ id, group: 'general', run: () => undefined })
    const all = ['View 7: Snoozed', 'Snooze until', 'Snooze'].map(named)
    expect(findCommands(all, 'snooze', (c) => c.id, () => 'Ticket').map((c) => c.id)).toEqual(['Snooze', 'Snooze until', 'View 7: Snoozed'])
  })
  it('leaves out hidden commands', () => {
    const command = (id: string, hidden: boolean): Command => ({ id, group: 'general', hidden, run: () => undefined })
    expect(findCommands([command('a', false), command('b', true)], '', (c) => c.id, () => '').map((c) => c.id)).toEqual(['a'])
  })
})
