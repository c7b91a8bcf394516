/**
 * Passing a message on to somebody else: what the timeline asks the composer for, and the words it begins with.
 *
 * A forwarded message is a reply of the ticket that goes to other people, so it stands in the timeline like any other.
 */
import { shallowRef } from 'vue'
import type { Address, Item, MessageItem } from '@/shared/api/types'
import { htmlOfText } from '@/shared/text'
import { plainText } from './outgoing'

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

export interface ForwardWords {
  /** "Forwarded message". */
  title: string
  from: string
  date: string
  subject: string
  to: string
}

const names = (people: Address[]): string =>
  people.map((one) => (one.name && one.name !== one.address ? `${one.name} <${one.address}>` : one.address)).join(', ')

/** The head and the words of a message as a quote, with room above for the author. */
export function forwardHtml(item: MessageItem, words: ForwardWords, date: string): string {
  const head = [
    `---------- ${words.title} ----------`,
    `${words.from}: ${item.author.name}`,
    `${words.date}: ${date}`,
    item.subject ? `${words.subject}: ${item.subject}` : '',
    item.to.length > 0 ? `${words.to}: ${names(item.to)}` : '',
  ].filter(Boolean).join('\n')
  const paragraphs = (item.text || plainText(item.html)).split(/\n{2,}/).map(htmlOfText).join('')
  return `<p></p><blockquote>${htmlOfText(head)}${paragraphs}</blockquote>`
}
