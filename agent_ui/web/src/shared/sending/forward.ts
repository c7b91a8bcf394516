/**
 * Passing a message on to somebody else: what the timeline asks the composer for, and what it begins with.
 *
 * The server puts the whole message, as it looks, below the author's words; its files are copied into the draft. It
 * stands in the timeline like any reply.
 */
import { shallowRef } from 'vue'
import type { Attachment, Item, MessageItem } from '@/shared/api/types'

export interface ForwardRequest {
  ticketId: number
  item: MessageItem
}

/** The composer of this ticket takes it up and sets it to null. */
export const forwardRequest = shallowRef<ForwardRequest | null>(null)

export function startForward(ticketId: number, item: MessageItem): void {
  forwardRequest.value = { ticketId, item }
}

/** The newest message of the customer. */
export function forwardLatest(ticketId: number, items: readonly Item[]): void {
  const latest = items.findLast((item): item is MessageItem => item.type === 'message' && item.kind === 'customer')
  if (latest) startForward(ticketId, latest)
}

/** "Fwd:" once, also where another program has said so in its own way. */
export function forwardSubject(subject: string): string {
  return /^\s*(?:fwd?|wg|tr|i)\s*:/i.test(subject) ? subject.trim() : `Fwd: ${subject.trim()}`
}

/** Files that hang on a message; pictures in its text go with the text. */
export function filesToCopy(item: Pick<MessageItem, 'html' | 'quotedHtml' | 'attachments'>): Attachment[] {
  const text = `${item.html}${item.quotedHtml ?? ''}`
  return item.attachments.filter(({ contentId }) => !contentId || !text.includes(`cid:${contentId.replace(/^<|>$/g, '')}`))
}
