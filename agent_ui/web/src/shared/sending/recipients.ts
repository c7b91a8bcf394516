/**
 * Whom an answer goes to: the suggestion, what a person types, and the warning when the customer is left out.
 */
import type { CustomerBrief, Item, MessageItem, ReplyDefaults } from '@/shared/api/types'
import type { Recipients } from '@/shared/drafts'

export type RecipientField = keyof Recipients

/** What of a ticket decides whom an answer goes to. */
export interface Correspondence {
  customer: Pick<CustomerBrief, 'email'> | null
  mailbox: { address: string } | null
  items: readonly Item[]
  /** What the server suggests; it knows all our addresses and the mailbox's rules. */
  defaults?: ReplyDefaults | null
}

/** A plausible address; the server decides, this only catches slips of the keyboard. */
const ADDRESS = /^[^\s@<>(),;:"]+@[^\s@<>(),;:"]+\.[^\s@<>(),;:".]{2,}$/

export function isAddress(text: string): boolean {
  return ADDRESS.test(text)
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function unique(addresses: string[]): string[] {
  return addresses.filter((address, index) => addresses.findIndex((one) => same(one, address)) === index)
}

function lastCustomerMessage(items: readonly Item[]): MessageItem | undefined {
  const isTheirs = (item: Item): item is MessageItem => item.type === 'message' && item.kind === 'customer'
  return items.filter(isTheirs).at(-1)
}

/** The customer, and whoever the customer's last message copied, without our own mailbox. */
export function suggestRecipients(ticket: Correspondence): Recipients {
  const { defaults } = ticket
  if (defaults && defaults.to.length > 0) return { to: defaults.to.map((one) => one.address), cc: defaults.cc.map((one) => one.address), bcc: [] }
  const email = ticket.customer?.email
  const own = ticket.mailbox?.address ?? ''
  const copied = lastCustomerMessage(ticket.items)?.cc.map((one) => one.address) ?? []
  const cc = unique(copied).filter((address) => !same(address, own) && !same(address, email ?? ''))
  return { to: email ? [email] : [], cc, bcc: [] }
}

export interface ParsedAddresses {
  valid: string[]
  invalid: string[]
}

/** Reads "Name <a@b.in>, c@d.in; e@f.in" as a person would paste it. */
export function parseAddresses(text: string): ParsedAddresses {
  const parts = text.split(/[,;\n\t]+/).map((part) => part.trim())
  const bare = parts.filter(Boolean).map((part) => /<([^<>]+)>\s*$/.exec(part)?.[1]?.trim() ?? part)
  return { valid: unique(bare.filter(isAddress)), invalid: bare.filter((part) => !isAddress(part)) }
}

/** Adds addresses to one field; an address stands in one field only, the newest wins. */
export function withAddresses(recipients: Recipients, field: RecipientField, added: string[]): Recipients {
  const without = (list: string[]): string[] => list.filter((one) => !added.some((other) => same(one, other)))
  const next = { to: without(recipients.to), cc: without(recipients.cc), bcc: without(recipients.bcc) }
  next[field] = unique([...next[field], ...added])
  return next
}

export function withoutAddress(recipients: Recipients, field: RecipientField, address: string): Recipients {
  return { ...recipients, [field]: recipients[field].filter((one) => !same(one, address)) }
}

export type RecipientWarning =
  | { kind: 'nobody' }
  | { kind: 'customer-missing'; address: string }
  | { kind: 'own-mailbox'; address: string }

/** What is worth a look before sending; null when all is as usual. */
export function warningFor(ticket: Correspondence, recipients: Recipients): RecipientWarning | null {
  const all = [...recipients.to, ...recipients.cc, ...recipients.bcc]
  if (recipients.to.length === 0) return { kind: 'nobody' }
  const own = [ticket.mailbox?.address ?? '', ...(ticket.defaults?.from ?? []).map((one) => one.address)].filter(Boolean)
  const ours = own.find((one) => all.some((address) => same(address, one)))
  if (ours) return { kind: 'own-mailbox', address: ours }
  // A mailbox may answer to another address than the customer's own (a form's Reply-To).
  const email = ticket.defaults?.to[0]?.address ?? ticket.customer?.email
  if (email && !all.some((address) => same(address, email))) return { kind: 'customer-missing', address: email }
  return null
}
