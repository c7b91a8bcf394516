/** Visitors of the chat: who is there, who types, and what is known of the open conversation. */
import { defineStore } from 'pinia'
import { computed, onBeforeUnmount, reactive, shallowReactive, watch, type ComputedRef, type Ref } from 'vue'
import { ApiError } from '../api/client'
import { chatApi, type ChatView } from '../api/chat'
import type { VisitorMessage } from '../api/types'
import { store } from '../storage'
import { useLive } from './live'
import { useTickets } from './tickets'

/** Longer than the pause between two signs of typing, so that it does not flicker. */
const TYPING_SHOWN = 5_000
const ENTER = 'chat-enter'

export interface Visitor {
  pageTitle: string
  pageUrl: string
  typing: boolean
}

export const useVisitors = defineStore('visitors', () => {
  const live = useLive()
  const present = shallowReactive(new Map<number, Visitor>())
  const chats = shallowReactive(new Map<number, ChatView>())
  const timers = new Map<number, ReturnType<typeof setTimeout>>()
  /** In a conversation Enter sends, if she likes it so. */
  const prefs = reactive({ enterSends: store.get(ENTER) !== 'no' })
  let started = false

  function hear(message: VisitorMessage): void {
    clearTimeout(timers.get(message.ticketId))
    if (!message.online) {
      present.delete(message.ticketId)
      return
    }
    const { pageTitle, pageUrl, typing } = message
    present.set(message.ticketId, { pageTitle, pageUrl, typing })
    if (typing) timers.set(message.ticketId, setTimeout(() => present.set(message.ticketId, { pageTitle, pageUrl, typing: false }), TYPING_SHOWN))
  }

  async function loadPresent(): Promise<void> {
    try {
      const found = await chatApi.present()
      present.clear()
      for (const { ticketId, pageTitle } of found) present.set(ticketId, { pageTitle, pageUrl: '', typing: false })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
    }
  }

  /** Reads the conversation of a ticket; nothing for a ticket that has none. */
  async function load(ticketId: number): Promise<void> {
    try {
      chats.set(ticketId, await chatApi.read(ticketId))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 404) chats.delete(ticketId)
    }
  }

  function setEnterSends(on: boolean): void {
    prefs.enterSends = on
    store.set(ENTER, on ? 'yes' : 'no')
  }

  /** Once, when the inbox is first shown. */
  function start(): void {
    if (started) return
    started = true
    live.onVisitor(hear)
    live.onReset(() => void loadPresent())
    live.onEvent((event) => {
      if (event.ticketId === null || !event.kind.startsWith('chat.')) return
      if (event.kind === 'chat.visitor_left') present.delete(event.ticketId)
      if (event.kind === 'chat.visitor_back') present.set(event.ticketId, { pageTitle: '', pageUrl: '', typing: false })
      if (chats.has(event.ticketId)) void load(event.ticketId)
    })
    void loadPresent()
  }

  return { present, chats, prefs, load, start, setEnterSends }
})

/** The live conversation of a ticket whose answers go through it; undefined for every other ticket. */
export function useChatOf(ticketId: () => number): ComputedRef<ChatView | undefined> {
  const tickets = useTickets()
  const visitors = useVisitors()
  return computed(() => (tickets.row(ticketId())?.channel === 'chat' ? visitors.chats.get(ticketId()) : undefined))
}

/** Enter sends in a live conversation, if she wants it; Shift and Enter begin a line, and menus keep their key. */
export function useEnterToSend(host: Ref<HTMLElement | null>, isLive: () => boolean, send: (status: 'open') => void): void {
  const visitors = useVisitors()

  function onKey(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (!visitors.prefs.enterSends || !isLive() || document.querySelector('[data-suggest]')) return
    event.preventDefault()
    event.stopPropagation()
    send('open')
  }
  watch(host, (element, before) => {
    before?.removeEventListener('keydown', onKey, true)
    element?.addEventListener('keydown', onKey, true)
  })
  onBeforeUnmount(() => host.value?.removeEventListener('keydown', onKey, true))
}
