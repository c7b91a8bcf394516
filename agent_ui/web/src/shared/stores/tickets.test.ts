import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LiveEvent } from '../api/types'
import { fakeServer, json, note, row, view } from '../testing'
import { toasts } from '../toasts'
import { dropUndo, undoLast, undoTop } from '../undo'
import { mergeItems, useTickets } from './tickets'

const event = (ticketId: number): LiveEvent =>
  ({ t: 'event', cursor: '1.1', kind: 'message.received', ticketId, customerId: null, actor: { kind: 'customer', id: 1 }, data: {} })

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  toasts.splice(0)
  while (undoTop.value) dropUndo(undoTop.value)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('changing a ticket', () => {
  it('shows the change before the answer and keeps what the server says', async () => {
    const tickets = useTickets()
    tickets.upsertRow(row(7))
    fakeServer(() => json(200, view(7, { status: 'solved', version: 2 })))
    const done = tickets.patch(7, { status: 'solved' })
    expect(tickets.row(7)?.status).toBe('solved')
    expect(await done).toBe(true)
    expect(tickets.row(7)?.version).toBe(2)
  })
  it('rolls back with a message that names the ticket and offers another try', async () => {
    const tickets = useTickets()
    tickets.upsertRow(row(7))
    fakeServer(() => json(409, { code: 'ticket-closed', title: 'Conflict', detail: 'It is closed.' }))
    expect(await tickets.patch(7, { status: 'pending' })).toBe(false)
    expect(tickets.row(7)?.status).toBe('open')
    expect(toasts[0]?.text).toContain('#7 Subject 7')
    expect(toasts[0]?.text).toContain('It is closed.')
    expect(toasts[0]?.action).toBeDefined()
  })
  it('does not roll back over a newer change by somebody else', async () => {
    const tickets = useTickets()
    tickets.upsertRow(row(7))
    fakeServer(() => {
      tickets.upsertRow(row(7, { status: 'on_hold', version: 5 }))
      return json(409, { code: 'x', title: 'Conflict' })
    })
    await tickets.patch(7, { status: 'pending' })
    expect(tickets.row(7)?.status).toBe('on_hold')
  })
  it('can be undone with the old values', async () => {
    const tickets = useTickets()
    tickets.upsertRow(row(7, { assignee: { id: 3, name: 'B' } }))
    const spy = fakeServer((_call, body) => json(200, view(7, { assignee: null, version: 2, ...(body as object) })))
    await tickets.patch(7, { assigneeId: null })
    expect(undoTop.value?.label).toContain('#7')
    await undoLast()
    expect(JSON.parse(String(spy.mock.calls[1]![1].body))).toEqual({ assigneeId: 3 })
    expect(undoTop.value).toBeNull()
  })
  it('tells who was faster when a claim loses', async () => {
    const tickets = useTickets()
    tickets.upsertRow(row(7))
    fakeServer((call) => (call.endsWith('/claim')
      ? json(409, { code: 'already-assigned', title: 'Conflict', assignee: { id: 2, name: 'Sagar' } })
      : json(200, view(7))))
    expect(await tickets.claim(7)).toBe(false)
    expect(toasts[0]?.text).toContain('Sagar')
  })
})

describe('reading', () => {
  it('ignores an older answer that arrives late', () => {
    const tickets = useTickets()
    tickets.upsertRow(row(7, { version: 3, subject: 'new' }))
    tickets.upsertRow(row(7, { version: 2, subject: 'old' }))
    expect(tickets.row(7)?.subject).toBe('new')
  })
  it('keeps the last twenty threads and never drops the open one', async () => {
    const tickets = useTickets()
    fakeServer((call) => json(200, view(Number(call.split('/').at(-1)))))
    for (let id = 1; id <= 25; id++) {
      const opened = tickets.open(id)
      await vi.advanceTimersByTimeAsync(40)
      await opened
      if (id === 1) expect(tickets.thread(1)?.state).toBe('ready')
    }
    expect(tickets.threads.size).toBe(20)
    expect(tickets.thread(25)).toBeDefined()
    expect(tickets.thread(1)).toBeUndefined()
  })
  it('refetches the open ticket and the shown rows after an event, others only when they are shown', async () => {
    const tickets = useTickets()
    const spy = fakeServer((call) => json(200, view(Number(call.split('/').at(-1)), { version: 2 })))
    for (const id of [1, 2, 3]) tickets.upsertRow(row(id))
    tickets.setShown([2])
    tickets.applyEvent(event(2))
    tickets.applyEvent(event(2))
    tickets.applyEvent(event(3))
    tickets.applyEvent(event(4))
    await vi.advanceTimersByTimeAsync(50)
    expect(spy.mock.calls.map(([path]) => path)).toEqual(['/api/tickets/2'])
    tickets.setShown([3])
    await vi.advanceTimersByTimeAsync(50)
    expect(spy.mock.calls.map(([path]) => path)).toEqual(['/api/tickets/2', '/api/tickets/3'])
  })
  it('keeps a thread readable when it cannot be read again', async () => {
    const tickets = useTickets()
    tickets.applyView(view(7, { timeline: [note('a', '1')] }))
    fakeServer(() => json(503, {}))
    void tickets.refresh(7)
    await vi.advanceTimersByTimeAsync(50)
    expect(tickets.thread(7)?.state).toBe('ready')
    expect(tickets.thread(7)?.error?.status).toBe(503)
  })
})

describe('joining pages of a timeline', () => {
  it('keeps older pages that touch the newest one', () => {
    const known = [note('a', '1'), note('b', '2'), note('c', '3')]
    expect(mergeItems(known, [note('c', '3'), note('d', '4')]).map((i) => i.key)).toEqual(['a', 'b', 'c', 'd'])
  })
  it('drops them when there is a gap between', () => {
    expect(mergeItems([note('a', '1')], [note('x', '8')]).map((i) => i.key)).toEqual(['x'])
  })
})
