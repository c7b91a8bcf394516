/**
 * The line to the desk: a WebSocket, or long polls where a proxy lets none through. It says the last number that it has
 * and gets everything after it, so a broken line, a sleeping laptop or a reload lose nothing and show nothing twice.
 */
import { get, identity, post, socketAddress } from './api'

export interface FileRef {
  id: number
  name: string
  size: number
  type: string
}

export interface Entry {
  seq: number
  kind: 'said' | 'mailed' | 'ended' | 'rated'
  at: string
  clientId: string | null
  data: {
    by?: 'visitor' | 'agent'
    name?: string
    text?: string
    files?: FileRef[]
    byMail?: boolean
    address?: string
    score?: number
  }
}

export interface Conversation {
  id: number
  state: 'open' | 'ended'
  lastSeq: number
  agent: string | null
  agentSeq: number
  readSeq: number
  byMail: boolean
  name: string
  email: string | null
  isSigned: boolean
  rating: number | null
}

export type Frame =
  | { t: 'entries'; entries: Entry[] }
  | { t: 'window'; window: Conversation }
  | { t: 'typing'; name: string }
  | { t: 'kept'; clientId: string; seq: number | null }
  | { t: 'refused'; clientId: string; code: string }
  | { t: 'pong' }

export type Said = { t: 'say'; clientId: string; text: string }
export type Signal =
  | { t: 'typing'; on: boolean }
  | { t: 'got'; seq: number }
  | { t: 'seen'; seq: number }
  | { t: 'page'; url: string; title: string }

interface Ears {
  seq(): number
  frame(frame: Frame): void
  line(up: boolean): void
  /** The line is new: what is not kept by the desk is told again. */
  opened(): void
  unknown(): void
}

const FIRST_WAIT = 1000
const LONGEST_WAIT = 30_000
const SILENCE = 40_000
const TRIES_BEFORE_POLLS = 2
const POLL_SECONDS = 20
const TRY_SOCKET_AGAIN = 300_000
const UNKNOWN = [4401, 4403, 4404]

export class Connection {
  private socket?: WebSocket
  private wait = FIRST_WAIT
  private failures = 0
  private timer = 0
  private silence = 0
  private polling?: AbortController
  private stopped = true
  private opened = false
  private greeted = false

  constructor(private readonly ears: Ears) {
    const look = (): void => {
      if (!this.stopped && document.visibilityState === 'visible') this.look()
    }
    document.addEventListener('visibilitychange', look)
    window.addEventListener('online', look)
    window.addEventListener('pageshow', look)
  }

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.wait = FIRST_WAIT
    this.open()
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
    clearTimeout(this.silence)
    this.polling?.abort()
    this.socket?.close()
    this.socket = undefined
  }

  /** Says something over the socket; false when there is none, so that the caller posts it. */
  say(said: Said): boolean {
    return this.send(said)
  }

  signal(signal: Signal): void {
    if (this.send(signal) || !this.polling) return
    void post('signals', { signals: [signal] }).catch(() => undefined)
  }

  private send(message: object): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false
    this.socket.send(JSON.stringify(message))
    return true
  }

  private look(): void {
    if (this.send({ t: 'ping' }) || this.polling) return
    clearTimeout(this.timer)
    this.open()
  }

  private open(): void {
    if (this.stopped || this.socket) return
    const socket = new WebSocket(socketAddress())
    this.socket = socket
    this.opened = false
    this.greeted = false
    socket.onopen = () => {
      this.opened = true
      socket.send(JSON.stringify({ t: 'hello', token: identity.token, after: this.ears.seq() }))
      this.heardSomething()
    }
    socket.onmessage = (event: MessageEvent<string>) => {
      this.failures = 0
      this.wait = FIRST_WAIT
      this.polling?.abort()
      this.polling = undefined
      this.ears.line(true)
      this.heardSomething()
      for (const frame of JSON.parse(event.data) as Frame[]) this.ears.frame(frame)
      if (!this.greeted) this.ears.opened()
      this.greeted = true
    }
    socket.onclose = (event) => this.closed(socket, event.code)
  }

  /** A socket that says nothing for long, not even to a ping, is dead, whatever the browser thinks. */
  private heardSomething(): void {
    clearTimeout(this.silence)
    this.silence = window.setTimeout(() => {
      if (!this.send({ t: 'ping' })) return
      this.silence = window.setTimeout(() => this.socket?.close(), SILENCE / 2)
    }, SILENCE)
  }

  private closed(socket: WebSocket, code: number): void {
    if (this.socket !== socket) return
    this.socket = undefined
    clearTimeout(this.silence)
    if (this.stopped) return
    if (UNKNOWN.includes(code)) {
      this.stop()
      this.ears.unknown()
      return
    }
    this.failures += this.opened ? 0 : 1
    if (!this.polling) this.ears.line(false)
    const polls = this.failures >= TRIES_BEFORE_POLLS
    if (polls && !this.polling) void this.poll()
    this.timer = window.setTimeout(() => this.open(), polls ? TRY_SOCKET_AGAIN : this.next())
  }

  private next(): number {
    const wait = this.wait * (0.75 + Math.random() / 2)
    this.wait = Math.min(LONGEST_WAIT, this.wait * 1.5)
    return wait
  }

  private async poll(): Promise<void> {
    const mine = new AbortController()
    this.polling = mine
    while (!mine.signal.aborted && !this.stopped) {
      try {
        const query = { after: this.ears.seq(), wait: POLL_SECONDS }
        const { frames } = await get<{ frames: Frame[] }>('events', query, mine.signal)
        this.wait = FIRST_WAIT
        this.ears.line(true)
        for (const frame of frames) this.ears.frame(frame)
      } catch {
        if (mine.signal.aborted) return
        this.ears.line(false)
        await new Promise((done) => setTimeout(done, this.next()))
      }
    }
  }
}
