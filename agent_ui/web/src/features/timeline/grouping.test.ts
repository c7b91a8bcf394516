import { describe, expect, it } from 'vitest'
import type { EventItem, Item, NoteItem } from '@/shared/api/types'
import { groupTimeline } from './grouping'

const actor = { kind: 'agent', id: 1, name: 'Neha' }
const event = (key: string, at: string): EventItem => ({
  type: 'event', key, at, kind: 'ticket.status_changed', actor, data: {}, rule: null,
})
const note = (key: string, at: string): NoteItem => ({
  type: 'note', key, id: 1, at, author: actor, html: '', text: '', attachments: [],
})
const day = (at: string) => at.slice(0, 10)
const kinds = (items: Item[]) => groupTimeline(items, day).map((row) => row.row)

describe('timeline rows', () => {
  it('puts a day line before the first item of each day', () => {
    const items = [note('n1', '2026-11-21T10:00:00Z'), note('n2', '2026-11-22T10:00:00Z'), note('n3', '2026-11-22T11:00:00Z')]
    expect(kinds(items)).toEqual(['day', 'note', 'day', 'note', 'note'])
  })

  it('folds three or more events in a row into one line', () => {
    const at = '2026-11-22T10:00:00Z'
    const rows = groupTimeline([event('e1', at), event('e2', at), event('e3', at), note('n', at)], day)
    expect(rows.map((row) => row.row)).toEqual(['day', 'events', 'note'])
    expect(rows[1]).toMatchObject({ key: 'run:e1' })
  })

  it('leaves one or two events as lines of their own', () => {
    const at = '2026-11-22T10:00:00Z'
    expect(kinds([event('e1', at), event('e2', at), note('n', at), event('e3', at)])).toEqual([
      'day', 'event', 'event', 'note', 'event',
    ])
  })

  it('does not fold events over a change of day', () => {
    const items = ['20', '21', '21'].map((d, index) => event(`e${index}`, `2026-11-${d}T10:00:00Z`))
    expect(kinds(items)).toEqual(['day', 'event', 'day', 'event', 'event'])
  })

  it('has nothing to show for nothing', () => expect(groupTimeline([], day)).toEqual([]))
})
