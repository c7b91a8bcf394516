/** The live connection of this page: its state, who looks at which ticket, and the events for whoever asks. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'
import type { LiveEvent, VisitorMessage, WatchMode, Watcher } from '../api/types'
import { LiveSocket, type LiveState } from '../live'
import { useSession } from '../session'
import { useDirectory } from './directory'
import { useOutbox } from './outbox'
import { useTickets } from './tickets'

const WATCH_EVERY = 20_000
const TYPING_EVERY = 3_000
const WATCH_REST = 120

export const useLive = defineStore('live', () => {
  const state = ref<LiveState>('stopped')
  const online = ref(navigator.onLine)
  const watchers = shallowReactive(new Map<number, Watcher[]>())
  const session = useSession()
  const tickets = useTickets()
  const directory = useDirectory()
  const outbox = useOutbox()
  const eventHandlers = new Set<(event: LiveEvent) => void>()
  const resetHandlers = new Set<() => void>()
  const visitorHandlers = new Set<(message: VisitorMessage) => void>()
  let watched: { ticketId: number | null; mode: WatchMode } = { ticketId: null, mode: 'looking' }
  let watchTimer: ReturnType<typeof setTimeout> | undefined
  let typedAt = 0
  let timer: ReturnType<typeof setInterval> | undefined
  let everOpen = false

  const connected = computed(() => state.value === 'open')

  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  const socket = new LiveSocket(`${scheme}://${location.host}/live`, {
    state: (next) => {
      state.value = next
      if (next === 'open') opened()
    },
    message: (message) => {
      if (message.t === 'event') {
        tickets.applyEvent(message)
        for (const handler of eventHandlers) handler(message)
      } else if (message.t === 'reset') {
        tickets.reset()
        for (const handler of resetHandlers) handler()
      } else if (message.t === 'watchers') watchers.set(message.ticketId, message.agents)
      else if (message.t === 'visitor') for (const handler of visitorHandlers) handler(message)
      else if (message.t === 'presence') {
        directory.setPresence(message.agentId, message.state)
        if (message.agentId === session.me) session.standing = message
      }
    },
    ended: () => session.end(true),
    // a refused upgrade looks like a broken line; asking for the session tells the two apart
    refused: (tries) => {
      if (tries % 3 === 1) session.load().catch(() => undefined)
    },
  })

  function opened(): void {
    watchers.clear()
    sendWatch()
    void outbox.drain()
    // drafts, counters and presence are not replayed
    if (everOpen) for (const handler of resetHandlers) handler()
    everOpen = true
  }

  function sendWatch(): void {
    if (watched.ticketId !== null) socket.send({ t: 'watch', ...watched })
  }

  /** Tell the others what this page does in a ticket; null when it left. */
  function watch(ticketId: number | null, mode: WatchMode): void {
    if (watched.ticketId === ticketId && watched.mode === mode) return
    watched = { ticketId, mode }
    // running down the list with a held key must not tell of every ticket on the way
    clearTimeout(watchTimer)
    watchTimer = setTimeout(() => socket.send({ t: 'watch', ...watched }), WATCH_REST)
  }

  /** The ticket is in front of the reader, or open behind another window. Writing in it counts more and stays. */
  function attend(ticketId: number, looking: boolean): void {
    if (watched.ticketId === ticketId && watched.mode === 'editing' && looking) return
    watch(ticketId, looking ? 'open' : 'looking')
  }

  /** Call on every key in a composer; the others are told at most every three seconds. */
  function typing(ticketId: number, note = false): void {
    if (Date.now() - typedAt < TYPING_EVERY) return
    typedAt = Date.now()
    socket.send({ t: 'typing', ticketId, note })
  }

  /** Colleagues in a ticket, without oneself. */
  function others(ticketId: number): Watcher[] {
    // before the first word of the socket the ticket itself tells who has it open
    const known = watchers.get(ticketId)
      ?? tickets.thread(ticketId)?.viewers.map(({ agentId, name, state: mode }) => ({ agentId, name, mode, typing: false }))
    return (known ?? []).filter((w) => w.agentId !== session.me)
  }

  function onEvent(handler: (event: LiveEvent) => void): () => void {
    eventHandlers.add(handler)
    return () => eventHandlers.delete(handler)
  }

  function onVisitor(handler: (message: VisitorMessage) => void): () => void {
    visitorHandlers.add(handler)
    return () => visitorHandlers.delete(handler)
  }

  /** What was shown may be incomplete: read it again. */
  function onReset(handler: () => void): () => void {
    resetHandlers.add(handler)
    return () => resetHandlers.delete(handler)
  }

  /** The user is tired of waiting for the next try. */
  function retryNow(): void {
    socket.check()
  }

  const check = () => {
    online.value = navigator.onLine
    // a short gap need not break the live line, and then nothing else tells that posts can leave again
    if (online.value && outbox.waiting) void outbox.drain()
    if (document.visibilityState === 'visible') socket.check()
  }

  function start(): void {
    socket.start()
    clearInterval(timer)
    timer = setInterval(sendWatch, WATCH_EVERY)
    for (const name of ['online', 'offline', 'pageshow', 'focus']) window.addEventListener(name, check)
    document.addEventListener('visibilitychange', check)
  }

  function stop(): void {
    socket.stop()
    clearInterval(timer)
    watchers.clear()
    for (const name of ['online', 'offline', 'pageshow', 'focus']) window.removeEventListener(name, check)
    document.removeEventListener('visibilitychange', check)
  }

  return { state, online, connected, watchers, others, watch, attend, typing, onEvent, onVisitor, onReset, retryNow, start, stop }
})
