/**
 * The socket to the server: one connection, resumed after every gap, never given up.
 *
 * Frames are JSON arrays of messages. The cursor of the last event goes with `hello`, so that the server can replay
 * what was missed. Protocol pings cannot be seen by a page, so it asks itself (`ping`) and takes 75 s of silence as a
 * dead line; hidden tabs run timers once a minute, hence the checks when the page is shown again.
 */
import { idleSeconds, whenBack } from './activity'
import type { ClientMessage, ServerMessage } from './api/types'

export type LiveState = 'connecting' | 'open' | 'waiting' | 'stopped'

export interface LiveHooks {
  message: (message: ServerMessage) => void
  state: (state: LiveState) => void
  /** Close code 4401: the session is over. */
  ended: () => void
  /** A try that never opened; after a refused upgrade this is the only sign, so the session is asked for. */
  refused: (tries: number) => void
}

const FIRST_DELAY = 1_000
const GROWTH = 1.5
const MAX_DELAY = 30_000
const PING_EVERY = 25_000
const SILENCE_LIMIT = 75_000

/** Milliseconds before try number `tries` (from 1), spread over 50 to 100 % so that a desk does not return at once. */
export function backOff(tries: number, random: number): number {
  const full = Math.min(MAX_DELAY, FIRST_DELAY * GROWTH ** (tries - 1))
  return Math.round(full * (0.5 + random / 2))
}

export class LiveSocket {
  cursor: string | null = null
  private socket: WebSocket | null = null
  private tries = 0
  private heardAt = 0
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private pingTimer: ReturnType<typeof setInterval> | undefined
  private running = false
  private offBack: () => void = () => undefined

  constructor(
    private readonly url: string,
    private readonly hooks: LiveHooks,
    private readonly connect: (url: string) => WebSocket = (address) => new WebSocket(address),
  ) {}

  start(): void {
    if (this.running) return
    this.running = true
    this.tries = 0
    this.offBack = whenBack(() => this.ping())
    this.dial()
  }

  stop(): void {
    this.running = false
    this.offBack()
    this.drop()
    this.hooks.state('stopped')
  }

  send(message: ClientMessage): boolean {
    if (this.socket?.readyState !== 1) return false
    this.socket.send(JSON.stringify(message))
    return true
  }

  /** The page was shown again or the network returned: find out now instead of at the next timer. */
  check(): void {
    if (!this.running) return
    if (this.socket?.readyState === 1) {
      if (Date.now() - this.heardAt > SILENCE_LIMIT) this.reconnect(0)
      else this.ping()
    } else if (this.retryTimer !== undefined) this.reconnect(0)
  }

  private dial(): void {
    clearTimeout(this.retryTimer)
    this.retryTimer = undefined
    this.hooks.state('connecting')
    let opened = false
    const socket = this.connect(this.url)
    this.socket = socket
    socket.onopen = () => {
      opened = true
      this.heardAt = Date.now()
      this.send({ t: 'hello', cursor: this.cursor })
      this.pingTimer = setInterval(() => this.beat(), PING_EVERY)
    }
    socket.onmessage = (event) => this.receive(String(event.data))
    socket.onclose = (event) => {
      if (this.socket === socket) this.closed(event.code, opened)
    }
  }

  private beat(): void {
    if (Date.now() - this.heardAt > SILENCE_LIMIT) this.reconnect(0)
    else this.ping()
  }

  /** Are you there? I was last active so long ago. */
  private ping(): void {
    this.send({ t: 'ping', idle: idleSeconds() })
  }

  private receive(data: string): void {
    this.heardAt = Date.now()
    const parsed: unknown = JSON.parse(data)
    for (const message of (Array.isArray(parsed) ? parsed : [parsed]) as ServerMessage[]) this.take(message)
  }

  private take(message: ServerMessage): void {
    if (message.t === 'welcome') {
      this.tries = 0
      this.cursor ??= message.cursor
      this.hooks.state('open')
    } else if (message.t === 'event' || message.t === 'reset') this.cursor = message.cursor
    this.hooks.message(message)
  }

  private closed(code: number, opened: boolean): void {
    this.drop()
    if (!this.running) return
    if (code === 4401) {
      this.running = false
      this.hooks.state('stopped')
      this.hooks.ended()
      return
    }
    this.tries += 1
    if (!opened) this.hooks.refused(this.tries)
    // 1012: the server restarts and everybody comes back at once, so spread wider
    this.reconnect(code === 1012 ? 500 + Math.random() * 2_500 : backOff(this.tries, Math.random()))
  }

  private reconnect(delay: number): void {
    this.drop()
    if (!this.running) return
    this.hooks.state('waiting')
    this.retryTimer = setTimeout(() => this.dial(), delay)
  }

  private drop(): void {
    clearTimeout(this.retryTimer)
    clearInterval(this.pingTimer)
    this.retryTimer = undefined
    const old = this.socket
    this.socket = null
    if (old) {
      old.onopen = old.onmessage = old.onclose = null
      if (old.readyState <= 1) old.close()
    }
  }
}
