import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveSocket, backOff, type LiveHooks } from './live'

class FakeSocket {
  static all: FakeSocket[] = []
  readyState = 0
  sent: unknown[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  constructor() {
    FakeSocket.all.push(this)
  }
  send(data: string) {
    this.sent.push(JSON.parse(data))
  }
  close() {
    this.readyState = 3
  }
  open() {
    this.readyState = 1
    this.onopen?.()
  }
  say(...messages: unknown[]) {
    this.onmessage?.({ data: JSON.stringify(messages) })
  }
  die(code: number) {
    this.readyState = 3
    this.onclose?.({ code })
  }
}
const last = () => FakeSocket.all.at(-1)!
const event = (cursor: string) => ({ t: 'event', cursor, kind: 'x', ticketId: 1, customerId: null, actor: { kind: 'agent', id: 1 }, data: {} })

let hooks: { [K in keyof LiveHooks]: ReturnType<typeof vi.fn> }
let live: LiveSocket

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  hooks = { message: vi.fn(), state: vi.fn(), ended: vi.fn(), refused: vi.fn() }
  live = new LiveSocket('ws://x/live', hooks as unknown as LiveHooks, () => new FakeSocket() as unknown as WebSocket)
  live.start()
})
afterEach(() => {
  live.stop()
  vi.useRealTimers()
})

describe('back-off', () => {
  it('grows by half to half a minute and never less than half of that', () => {
    expect(backOff(1, 1)).toBe(1000)
    expect(backOff(2, 1)).toBe(1500)
    expect(backOff(40, 1)).toBe(30_000)
    expect(backOff(40, 0)).toBe(15_000)
  })
})

describe('resuming', () => {
  it('says hello without a cursor first and with the last seen one after a gap', () => {
    last().open()
    expect(last().sent).toEqual([{ t: 'hello', cursor: null }])
    last().say({ t: 'welcome', cursor: '5.1', serverTime: '' }, event('6.1'), event('7.2'))
    last().die(1006)
    vi.advanceTimersByTime(1000)
    last().open()
    expect(last().sent).toEqual([{ t: 'hello', cursor: '7.2' }])
  })
  it('keeps its own cursor when the welcome names a later one, or the replay would be skipped', () => {
    last().open()
    last().say({ t: 'welcome', cursor: '5.1', serverTime: '' })
    last().die(1013)
    vi.advanceTimersByTime(1000)
    last().open()
    last().say({ t: 'welcome', cursor: '9.9', serverTime: '' })
    expect(live.cursor).toBe('5.1')
    last().say({ t: 'reset', cursor: '9.9' })
    expect(live.cursor).toBe('9.9')
  })
  it('never gives up', () => {
    for (let tries = 0; tries < 60; tries++) {
      last().die(1006)
      vi.advanceTimersByTime(30_000)
    }
    expect(FakeSocket.all).toHaveLength(61)
    expect(hooks.refused).toHaveBeenCalledTimes(60)
  })
})

describe('endings', () => {
  it('stops at 4401 and tells', () => {
    last().open()
    last().die(4401)
    vi.advanceTimersByTime(60_000)
    expect(hooks.ended).toHaveBeenCalledOnce()
    expect(FakeSocket.all).toHaveLength(1)
  })
  it('takes 75 seconds of silence as the end of the line, and a pong as life', () => {
    last().open()
    last().say({ t: 'welcome', cursor: '1.1', serverTime: '' })
    for (let beat = 0; beat < 6; beat++) {
      vi.advanceTimersByTime(25_000)
      last().say({ t: 'pong' })
    }
    expect(FakeSocket.all).toHaveLength(1)
    vi.advanceTimersByTime(101_000)
    expect(FakeSocket.all.length).toBeGreaterThan(1)
  })
  it('tries at once when the page is shown again', () => {
    last().die(1006)
    expect(FakeSocket.all).toHaveLength(1)
    live.check()
    vi.advanceTimersByTime(0)
    expect(FakeSocket.all).toHaveLength(2)
  })
})
