/** A conversation that is begun: what is written waits on this device until it was sent. */
import { computed, ref, shallowRef } from 'vue'
import { ApiError, newKey } from '@/shared/api/client'
import { api } from '@/shared/api/endpoints'
import type { ConversationSender, NewTicketInput, TicketView } from '@/shared/api/types'
import { filesToSend, isBlank, NEW_TICKET, type Draft, type DraftChange, type DraftStore } from '@/shared/drafts'
import { filesGone } from '@/shared/sending/filesGone'
import { unfilledIn } from '@/shared/sending/unfilled'
import { reasonOf } from '@/shared/stores/tickets'
import { offerUndo } from '@/shared/sending/undoSend'
import type { Partner } from './CustomerField.vue'
import type { Blocked } from './correspondence'
import type { Uploads } from './uploads'

export type ConversationBlocked = Blocked | 'subject'

const PLACE = { ticketId: NEW_TICKET, mode: 'reply' } as const

/** What the server is asked to open. */
export function conversationInput(draft: Draft, partner: Partner, sender: ConversationSender | undefined, clientKey: string): NewTicketInput {
  const { cc = [], bcc = [] } = draft.recipients ?? {}
  return {
    clientKey,
    subject: (draft.subject ?? '').trim(),
    html: draft.html,
    customerEmail: partner.address,
    ...(partner.name ? { customerName: partner.name } : {}),
    ...(sender ? { accountId: sender.accountId, fromAddress: sender.address, ...(sender.teamId === null ? {} : { teamId: sender.teamId }) } : {}),
    ...(cc.length > 0 ? { cc } : {}),
    ...(bcc.length > 0 ? { bcc } : {}),
    ...(draft.plain ? { plain: true } : {}),
    attachmentIds: filesToSend(draft).map((file) => file.id),
  }
}

export function useConversation(drafts: DraftStore, uploads: Uploads) {
  const senders = shallowRef<ConversationSender[]>([])
  const sending = ref(false)
  const failure = ref('')
  /** The same over every try of one conversation, so that a lost answer opens no second ticket. */
  let clientKey = newKey()

  const draft = computed(() => drafts.read(PLACE.ticketId, PLACE.mode))
  const write = (change: DraftChange): void => void drafts.write(PLACE.ticketId, PLACE.mode, change)

  const partner = computed<Partner | null>({
    get: () => {
      const [address] = draft.value.recipients?.to ?? []
      return address ? { address, name: draft.value.partnerName ?? '' } : null
    },
    set: (next) => {
      const { cc = [], bcc = [] } = draft.value.recipients ?? {}
      write({ recipients: { to: next ? [next.address] : [], cc, bcc }, partnerName: next?.name ?? '' })
    },
  })
  const sender = computed(() => senders.value.find((one) => one.address === draft.value.from) ?? senders.value[0])
  const running = computed(() => uploads.of(PLACE.ticketId, PLACE.mode))
  const unfilled = computed(() => unfilledIn(draft.value.html))
  const blocked = computed<ConversationBlocked>(() => {
    if (running.value.some((one) => one.state === 'uploading')) return 'uploading'
    if (running.value.length > 0) return 'failedUpload'
    if (!partner.value) return 'nobody'
    if (!draft.value.subject?.trim()) return 'subject'
    if (isBlank(draft.value)) return 'empty'
    return unfilled.value.length > 0 ? 'unfilled' : null
  })

  async function loadSenders(): Promise<void> {
    // Without an answer the server takes the usual mailbox.
    senders.value = await api.senders().catch(() => [])
  }

  function discard(): void {
    drafts.discard(PLACE.ticketId, PLACE.mode, draft.value.revision)
    clientKey = newKey()
  }

  /** Opens the ticket; null when that failed, and everything stays as it was written. */
  async function send(): Promise<TicketView | null> {
    if (blocked.value !== null || !partner.value || sending.value) return null
    sending.value = true
    failure.value = ''
    try {
      const made = await api.tickets.create(conversationInput(draft.value, partner.value, sender.value, clientKey))
      discard()
      const item = made.timeline.findLast((one) => one.type === 'message')
      if (item) offerUndo(made.id, { item, ticket: made as never })
      return made
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      failure.value = filesGone(error.body, draft.value.files) ?? reasonOf(error)
      return null
    } finally {
      sending.value = false
    }
  }

  return { draft, write, partner, senders, sender, running, unfilled, blocked, sending, failure, loadSenders, discard, send }
}
