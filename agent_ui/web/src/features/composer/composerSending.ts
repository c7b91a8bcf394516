/** Sending from the composer, and the way on when a send is held back because the ticket has news. */
import type { Editor } from '@tiptap/core'
import { computed } from 'vue'
import type { Channel } from '@/shared/api/types'
import type { DraftMode } from '@/shared/drafts'
import { draftsOf } from '@/shared/drafts-live'
import { useSender } from '@/shared/sending/sender'
import type { SendStatus } from '@/shared/sending/send'
import { useSession } from '@/shared/session'
import { useLive } from '@/shared/stores/live'
import { useTickets } from '@/shared/stores/tickets'
import { mentionsIn } from './editor'

export interface SendingSources {
  ticketId(): number
  mode(): DraftMode
  editor(): Editor | null
  channel(): Channel
}

export function useComposerSending(sources: SendingSources) {
  const session = useSession()
  const tickets = useTickets()
  const live = useLive()
  const sender = useSender()
  const drafts = draftsOf(session.me)

  const stale = computed(() => sender.stale.get(sources.ticketId()))
  const failure = computed(() => sender.failureOf(sources.ticketId(), sources.mode()))

  function send(status: SendStatus, sendAt?: string, force = false): void {
    const ticketId = sources.ticketId()
    const mode = sources.mode()
    const thread = tickets.thread(ticketId)
    const editor = sources.editor()
    if (!editor || !thread || !session.agent) return
    void sender.send({
      ticketId,
      mode,
      status,
      force,
      lastEventId: thread.lastEventId,
      timeline: thread.items,
      channel: sources.channel(),
      author: { id: session.me, name: session.agent.name },
      mentions: mode === 'note' ? mentionsIn(editor) : [],
      sendAt,
    })
    live.watch(ticketId, 'looking')
  }

  /** The author has seen the news and sends what was written. */
  function sendAnyway(): void {
    const held = stale.value
    if (!held) return
    drafts.acknowledge(sources.ticketId(), 'reply', held.lastEventId)
    send(held.status, held.sendAt, true)
  }

  /** The author has seen the news and goes on writing. */
  function keepEditing(): void {
    const held = stale.value
    const ticketId = sources.ticketId()
    if (!held) return
    drafts.acknowledge(ticketId, 'reply', held.lastEventId)
    sender.stale.delete(ticketId)
    void tickets.refresh(ticketId)
  }

  function dismissFailure(): void {
    sender.clearFailure(sources.ticketId(), sources.mode())
  }

  return { stale, failure, send, sendAnyway, keepEditing, dismissFailure }
}
