/** The sender of the signed-in agent, bound to the stores, and what of it a timeline shows. */
import { computed, type ComputedRef } from 'vue'
import { newKey } from '@/shared/api/client'
import { draftsOf } from '@/shared/drafts-live'
import { tr } from '@/shared/i18n'
import { useSession } from '@/shared/session'
import { useOutbox } from '@/shared/stores/outbox'
import { useTickets } from '@/shared/stores/tickets'
import { toast } from '@/shared/toasts'
import { outgoingFromOutbox, visibleOutgoing, type OutgoingItem } from './outgoing'
import { Sender, type SendFailure } from './send'
import { offerUndo } from './undoSend'

let owner = 0
let current: Sender | null = null

export function useSender(): Sender {
  const session = useSession()
  const tickets = useTickets()
  const outbox = useOutbox()
  if (current && owner === session.me) return current
  owner = session.me
  const drafts = draftsOf(session.me)

  function refused(ticketId: number, failure: SendFailure): void {
    // The open ticket shows it at its composer.
    if (ticketId === tickets.currentId) return
    toast(tr('composer.notSent', { ticket: tickets.name(ticketId), reason: failure.detail }), { kind: 'error' })
  }

  current = new Sender({
    drafts,
    submit: (ticketId, mode, input) => outbox.submit(ticketId, mode, input),
    accepted: offerUndo,
    refused,
    newKey,
    now: Date.now,
  })
  void outbox.load().then(() => drafts.recover(new Set(outbox.mine.map((entry) => entry.clientKey))))
  return current
}

/** Copies of what is on its way in a ticket, without those the timeline already holds. */
export function useOutgoing(ticketId: () => number): ComputedRef<OutgoingItem[]> {
  const session = useSession()
  const tickets = useTickets()
  const outbox = useOutbox()
  const sender = useSender()
  return computed(() => {
    const id = ticketId()
    const items = tickets.thread(id)?.items ?? []
    const sending = sender.outgoingOf(id)
    const shown = new Set(sending.map((one) => one.clientKey))
    const channel = tickets.row(id)?.channel ?? 'email'
    const me = { channel, author: { id: session.me, name: session.agent?.name ?? '' } }
    const kept = outbox.pendingFor(id).filter((entry) => !shown.has(entry.clientKey))
    const waiting = kept.map((entry) => outgoingFromOutbox(entry, items, me, sender.waiting.get(entry.clientKey)))
    return visibleOutgoing([...sending, ...waiting], items)
  })
}
