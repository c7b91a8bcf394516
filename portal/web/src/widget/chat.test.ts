import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from './connection'

const said = (seq: number, by: 'visitor' | 'agent', clientId: string | null = null): Entry => ({
  seq, kind: 'said', at: '2026-03-02T09:00:00Z', clientId, data: { by, text: `Message ${seq}` },
})

async function fresh(): Promise<typeof import('./chat')> {
  vi.resetModules()
  document.body.innerHTML = `<script type="application/json" id="settings">${JSON.stringify({
    key: 'k', site: 'https://shop.example', language: 'en', words: { new: { one: 'One', many: '{n} new' } }, opening: { isOpen: true, waiting: 0, nextAt: null }, fields: {},
  })}</script>`
  return import('./chat')
}

describe('the entries of a conversation', () => {
  beforeEach(() => {
    localStorage.clear()
  })

  it('are shown once, however often they come', async () => {
    const { add, state } = await fresh()
    add([said(1, 'visitor'), said(2, 'agent')])
    add([said(1, 'visitor'), said(2, 'agent'), said(3, 'agent')])
    expect(state.entries.map((each) => each.seq)).toEqual([1, 2, 3])
  })

  it('take the place of what was shown before the desk had it', async () => {
    const { add, state } = await fresh()
    state.pending.push({ clientId: 'mine', text: 'Message 1', files: [], failed: false })
    add([said(1, 'visitor', 'mine')])
    expect(state.pending).toEqual([])
    expect(state.entries).toHaveLength(1)
  })

  it('count as unread while nobody looks, and only what agents say', async () => {
    const { add, seen, state } = await fresh()
    add([said(1, 'visitor'), said(2, 'agent'), said(3, 'agent')])
    expect(state.unread).toBe(2)
    state.isShown = state.isReading = true
    seen()
    expect(state.unread).toBe(0)
  })

  it('keep nothing in the browser by themselves', async () => {
    const { add } = await fresh()
    add([said(1, 'agent')])
    expect(localStorage).toHaveLength(0)
    expect(document.cookie).toBe('')
  })
})
