/** Parts of tickets and messages that only e-mail has; `types.ts` passes them on. */
import type { Address } from './types'

export interface CalendarPreview {
  kind: 'calendar'
  /** REQUEST, CANCEL, REPLY … of iTIP. */
  method: string
  summary: string
  start: string | null
  end: string | null
  allDay: boolean
  location: string
  organiser: Address | null
  attendees: Address[]
}

export interface MailPreview {
  kind: 'mail'
  from: Address | null
  to: Address[]
  subject: string
  date: string | null
  text: string
  html: string
}

/** What the receiving server says of a mail's sender. */
export interface MailAuthentication {
  spf?: string | null
  dkim?: string | null
  dmarc?: string | null
  server?: string | null
  /** Whether the domain shown as the sender is the one that was proven. */
  aligned?: boolean | null
}

export interface SenderAddress {
  address: string
  name: string
  default: boolean
}

/** An address of ours that a new conversation may begin from. */
export interface ConversationSender {
  accountId: number
  teamId: number | null
  address: string
  name: string
}

export interface ReplyDefaults {
  from: SenderAddress[]
  to: Address[]
  cc: Address[]
}
