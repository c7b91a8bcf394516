import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AgentView, NoteInput } from '../api/types'
import { useSession } from '../session'
import { fakeServer, json, note, row } from '../testing'
import { useOutbox } from './outbox'

const body = (key: string): NoteInput => ({ clientKey: key, html: `<p>${key}</p>` })
const taken = (sent: unknown) => json(201, { item: note((sent as NoteInput).clientKey, '1'), ticket: row(1) })

beforeEach(() => {
  setActivePinia(createPinia())
  const session = useSession()
  session.agent = { id: 5 } as AgentView
  session.state = 'in'
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('outbox', () => {
  it('sends at once and keeps nothing behind', async () => {
    fakeServer((_call, sent) => taken(sent))
    const outbox = useOutbox()
    expect(await outbox.submit(1, 'note', body('key-1'))).toMatchObject({ state: 'sent' })
    expect(outbox.waiting).toBe(0)
  })
  it('keeps posts without a connection and sends them later in the order of writing', async () => {
    let online = false
    const order: string[] = []
    fakeServer((_call, sent) => {
      if (!online) throw new TypeError('no network')
      order.push((sent as NoteInput).clientKey)
      return taken(sent)
    })
    const outbox = useOutbox()
    for (const key of ['a', 'b', 'c']) expect((await outbox.submit(1, 'note', body(key))).state).toBe('queued')
    await outbox.drain()
    expect(outbox.waiting).toBe(3)
    online = true
    await outbox.drain()
    expect(order).toEqual(['a', 'b', 'c'])
    expect(outbox.waiting).toBe(0)
  })
  it('tries again by itself, whether or not the live line broke', async () => {
    vi.useFakeTimers()
    let online = false
    fakeServer((_call, sent) => {
      if (!online) throw new TypeError('no network')
      return taken(sent)
    })
    const outbox = useOutbox()
    expect((await outbox.submit(1, 'note', body('alone'))).state).toBe('queued')
    online = true
    await vi.advanceTimersByTimeAsync(20_000)
    expect(outbox.waiting).toBe(0)
  })
  it('never overtakes: a new post goes behind those that wait', async () => {
    let online = false
    const order: string[] = []
    fakeServer((_call, sent) => {
      if (!online) throw new TypeError('no network')
      order.push((sent as NoteInput).clientKey)
      return taken(sent)
    })
    const outbox = useOutbox()
    await outbox.submit(1, 'note', body('first'))
    online = true
    expect((await outbox.submit(1, 'note', body('second'))).state).toBe('queued')
    await outbox.drain()
    await outbox.drain()
    expect(order).toEqual(['first', 'second'])
  })
  it('gives a refusal to the composer and keeps nothing', async () => {
    fakeServer(() => json(409, { code: 'stale-reply', title: 'Conflict', newItems: [] }))
    const outbox = useOutbox()
    await expect(outbox.submit(1, 'note', body('key-2'))).rejects.toMatchObject({ code: 'stale-reply' })
    expect(outbox.entries).toEqual([])
  })
  it('lets a refused post wait for its author and sends those behind it', async () => {
    let online = false
    fakeServer((_call, sent) => {
      if (!online) throw new TypeError('no network')
      return (sent as NoteInput).clientKey === 'stale' ? json(409, { code: 'stale-reply', title: 'Conflict' }) : taken(sent)
    })
    const outbox = useOutbox()
    await outbox.submit(1, 'note', body('stale'))
    await outbox.submit(2, 'note', body('good'))
    online = true
    await outbox.drain()
    expect(outbox.waiting).toBe(0)
    expect(outbox.pendingFor(1)[0]?.refusal?.code).toBe('stale-reply')
    expect(outbox.pendingFor(2)).toEqual([])
    await outbox.discard('stale')
    expect(outbox.entries).toEqual([])
  })
  it('shows nobody the posts of another agent', async () => {
    fakeServer(() => {
      throw new TypeError('no network')
    })
    const outbox = useOutbox()
    await outbox.submit(1, 'note', body('mine'))
    useSession().agent = { id: 6 } as AgentView
    expect(outbox.mine).toEqual([])
  })
})
