/**
 * Sends under way: the optimistic copies a timeline shows until the server's own item stands there.
 *
 * One sent text can reach the timeline three ways (optimistic copy, answer of the request, live event
 * followed by a new reading of the ticket). `visibleOutgoing` leaves exactly one of them.
 */
import type { Attachment, Item, MessageItem, NoteItem } from '@/shared/api/types'
import type { OutboxEntry } from '@/shared/outboxStore'

export interface OutgoingItem {
  clientKey: string
  ticketId: number
  /** sending: on its way; waiting: no connection, kept in the outbox; refused: by the server, kept too. */
  state: 'sending' | 'waiting' | 'refused'
  item: MessageItem | NoteItem
  /** Keys that stood in the timeline before; the same words in one of them are an older message. */
  known: ReadonlySet<string>
}

export interface PostContext {
  channel: MessageItem['channel']
  author: { id: number; name: string }
}

export interface OutgoingContent extends PostContext {
  clientKey: string
  ticketId: number
  mode: 'reply' | 'note'
  html: string
  attachments: Attachment[]
  at: string
}

/** A post of the outbox as a copy: it may be from before a reload, so time tells what stood there already. */
export function outgoingFromOutbox(
  entry: OutboxEntry,
  timeline: readonly Item[],
  me: PostContext,
  shown?: OutgoingItem,
): OutgoingItem {
  const state = entry.refusal ? 'refused' : 'waiting'
  if (shown) return { ...shown, state }
  const at = new Date(entry.createdAt).toISOString()
  const { clientKey, ticketId, kind: mode, body } = entry
  const content = { clientKey, ticketId, mode, html: body.html, attachments: [], at, ...me }
  const before = timeline.filter((item) => item.at < at)
  return { ...outgoingItem(content, before), state }
}

export function pendingKey(clientKey: string): string {
  return `pending:${clientKey}`
}

export function plainText(html: string): string {
  const spaced = html.replace(/<(?:br|\/p|\/li|\/div)\b[^>]*>/gi, ' ')
  const text = new DOMParser().parseFromString(spaced, 'text/html').body.textContent
  return (text ?? '').replace(/\s+/g, ' ').trim()
}

export function outgoingItem(content: OutgoingContent, timeline: readonly Item[]): OutgoingItem {
  const common = {
    key: pendingKey(content.clientKey),
    id: 0,
    at: content.at,
    author: { kind: 'agent', ...content.author },
    html: content.html,
    text: plainText(content.html),
    attachments: content.attachments,
  }
  const item: MessageItem | NoteItem =
    content.mode === 'note' ? { type: 'note', ...common } : { type: 'message', ...common, ...replyParts(content) }
  const known = new Set(timeline.map((one) => one.key))
  return { clientKey: content.clientKey, ticketId: content.ticketId, state: 'sending', item, known }
}

function replyParts(content: OutgoingContent): Omit<MessageItem, 'type' | 'key' | 'id' | 'at' | 'author' | 'html' | 'text' | 'attachments'> {
  return {
    kind: 'agent',
    channel: content.channel,
    subject: '',
    to: [],
    cc: [],
    delivery: null,
    matchedBy: null,
    isAuto: false,
    rawUrl: null,
    lang: null,
  }
}

function isServerCopy(outgoing: OutgoingItem, item: Item): boolean {
  if (item.type === 'event' || item.type !== outgoing.item.type || outgoing.known.has(item.key)) return false
  return item.author.kind === 'agent' && item.author.id === outgoing.item.author.id && sameWords(item, outgoing.item)
}

function sameWords(one: MessageItem | NoteItem, other: MessageItem | NoteItem): boolean {
  return plainText(one.html) === plainText(other.html)
}

/** Copies that the timeline does not hold yet in the server's words; each server item answers for one copy. */
export function visibleOutgoing(outgoing: readonly OutgoingItem[], timeline: readonly Item[]): OutgoingItem[] {
  const claimed = new Set<string>()
  return outgoing.filter((one) => {
    const copy = timeline.find((item) => !claimed.has(item.key) && isServerCopy(one, item))
    if (copy) claimed.add(copy.key)
    return !copy
  })
}
