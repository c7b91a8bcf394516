/** Whom the answer of a ticket goes to, over which channel, and what speaks against sending it now. */
import { computed, type ComputedRef } from 'vue'
import type { Channel, Item, SenderAddress } from '@/shared/api/types'
import { isBlank, type Draft, type DraftMode, type Recipients } from '@/shared/drafts'
import { suggestRecipients, warningFor, type Correspondence, type RecipientWarning } from '@/shared/sending/recipients'
import { unfilledIn } from '@/shared/sending/unfilled'
import type { ChatView } from '@/shared/api/chat'
import { useTickets } from '@/shared/stores/tickets'
import { useChatOf } from '@/shared/stores/visitors'
import type { Upload } from './uploads'

/** Why nothing can be sent now; a key under `composer.blocked`. */
export type Blocked = 'empty' | 'loading' | 'uploading' | 'failedUpload' | 'nobody' | 'unfilled' | 'subject' | null

interface Sources {
  ticketId: () => number
  mode: () => DraftMode
  draft: () => Draft
  uploads: () => Upload[]
  me: () => number
}

export interface ComposerState {
  channel: ComputedRef<Channel>
  /** The live conversation that the answer goes through. */
  chat: ComputedRef<ChatView | undefined>
  recipients: ComputedRef<Recipients>
  /** Our addresses it may leave from, and the one it does. */
  senders: ComputedRef<SenderAddress[]>
  from: ComputedRef<string>
  warning: ComputedRef<RecipientWarning | null>
  /** Variables in the text that nothing is known for. */
  unfilled: ComputedRef<string[]>
  blocked: ComputedRef<Blocked>
  /** Written by others since the draft was begun. */
  newSince: ComputedRef<Item[]>
}

/** A web form is answered by mail; every other channel answers where it was asked. */
export function answerChannel(asked: Channel): Channel {
  return asked === 'web' ? 'email' : asked
}

function writtenByOthers(items: readonly Item[], since: number, me: number): Item[] {
  return items.filter((item) => {
    if (item.type === 'event' || Date.parse(item.at) <= since) return false
    return !(item.author.kind === 'agent' && item.author.id === me)
  })
}

export function useComposerState(sources: Sources): ComposerState {
  const tickets = useTickets()
  const thread = computed(() => tickets.thread(sources.ticketId()))
  const chat = useChatOf(sources.ticketId)
  const correspondence = computed<Correspondence>(() => ({
    customer: thread.value?.customer ?? null,
    mailbox: thread.value?.mailbox ?? null,
    items: thread.value?.items ?? [],
    defaults: thread.value?.replyDefaults ?? null,
  }))
  const recipients = computed(() => sources.draft().recipients ?? suggestRecipients(correspondence.value))
  const warning = computed(() => {
    if (chat.value && !sources.draft().forward) return null // it goes to the visitor, wherever he is
    const found = sources.mode() === 'note' ? null : warningFor(correspondence.value, recipients.value)
    return found?.kind === 'customer-missing' && sources.draft().forward ? null : found
  })

  const unfilled = computed(() => (sources.mode() === 'note' ? [] : unfilledIn(sources.draft().html)))
  const blocked = computed<Blocked>(() => {
    if (thread.value?.state !== 'ready') return 'loading'
    if (sources.uploads().some((one) => one.state === 'uploading')) return 'uploading'
    if (sources.uploads().length > 0) return 'failedUpload'
    if (isBlank(sources.draft())) return 'empty'
    if (sources.draft().forward && !sources.draft().subject?.trim()) return 'subject'
    if (unfilled.value.length > 0) return 'unfilled'
    return warning.value?.kind === 'nobody' ? 'nobody' : null
  })

  const newSince = computed(() => {
    const { startedAt } = sources.draft()
    if (startedAt === null || sources.mode() === 'note') return []
    return writtenByOthers(thread.value?.items ?? [], startedAt, sources.me())
  })

  const channel = computed(() => (chat.value && chat.value.goes !== 'window' ? 'email' : answerChannel(tickets.row(sources.ticketId())?.channel ?? 'email')))
  const senders = computed(() => thread.value?.replyDefaults?.from ?? [])
  const from = computed(() => sources.draft().from ?? senders.value.find((one) => one.default)?.address ?? thread.value?.mailbox?.address ?? '')
  return { channel, chat, recipients, senders, from, warning, unfilled, blocked, newSince }
}
