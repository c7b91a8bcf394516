/**
 * The shapes the server sends and takes (see /api/openapi.json).
 *
 * JSON is camelCase, times are ISO-8601 UTC with "Z", ids are integers. `npm run api-types` writes `schema.d.ts`
 * from the published description; `types.check.ts` fails the type check where the two drift apart.
 */

import type { CalendarPreview, MailAuthentication, MailPreview, ReplyDefaults } from './mailParts'
import type { Entitlement, TicketProduct } from './cover'
import type { Action } from './automation'
import type { TicketClock, TicketPromise } from './responseTimes'

export type { CalendarPreview, MailAuthentication, MailPreview, ReplyDefaults, SenderAddress, ConversationSender } from './mailParts'

export type Channel = 'email' | 'sms' | 'whatsapp' | 'voice' | 'chat' | 'web'
export type Status = 'open' | 'pending' | 'on_hold' | 'solved' | 'closed'
export type Priority = 'low' | 'normal' | 'high' | 'urgent'
export type PresenceState = 'available' | 'busy' | 'break' | 'wrap_up' | 'offline'
export type Theme = 'light' | 'dark' | 'system'
export type Locale = 'en' | 'hi' | 'mr' | 'bn' | 'kn'
export type Role = 'admin' | 'lead' | 'agent'
export type DraftMode = 'reply' | 'note'
/** From faint to strong: has it open behind something else, has it in front, writes in it. */
export type WatchMode = 'looking' | 'open' | 'editing'

/** A state with all that belongs to it: why, who chose it, and when a wrap-up ends by itself. */
export interface Standing {
  state: PresenceState
  since: string | null
  reason: string | null
  source: 'self' | 'supervisor' | 'system'
  /** The supervisor. */
  setBy: string | null
  until: string | null
}

export interface Page<T> {
  items: T[]
  next: string | null
}

export interface AgentView {
  id: number
  name: string
  email: string
  role: Role
  locale: Locale
  theme: Theme
  singleKeys: boolean
  timeZone: string
  signature: string
  teams: { id: number; name: string }[]
  isActive: boolean
  /** Which mails the desk sends her. */
  notify?: NotifyChoices
  presence: Standing
}

export type NotifyChoices = Record<'assigned' | 'customerWrote' | 'mentioned' | 'review' | 'late', boolean>

export interface ConsoleSettings {
  undoSendSeconds: number
  brandHue: number
  productName: string
  /** Of customers whose language is not known, and of words that are told in one language only. */
  defaultLocale: Locale
  demo: boolean
  heartbeatSeconds: number
}

export interface SessionView {
  agent: AgentView
  csrfToken: string
  permissions: string[]
  settings: ConsoleSettings
}

export interface AgentBrief {
  id: number
  name: string
  email: string
  presence: PresenceState
  openCount: number
  capacity: number
  teamIds: number[]
}

export interface TeamView {
  id: number
  name: string
  openCount: number
}

export interface ViewView {
  key: string
  name?: string | null
  group: 'main' | 'team' | 'channel'
  /** 1000 stands for 1000 or more. */
  count: number
  tone?: 'bad' | null
}

export interface TicketRow {
  id: number
  subject: string
  status: Status
  priority: Priority
  channel: Channel
  customer: { id: number; name: string; vip: boolean }
  assignee: { id: number; name: string } | null
  teamId: number | null
  snippet: string
  snippetBy: 'customer' | 'agent' | 'note' | 'system'
  lastActivityAt: string
  createdAt: string
  dueAt: string | null
  waitingSince: string | null
  unread: boolean
  tags: string[]
  hasDraft: boolean
  messageCount: number
  snoozedUntil: string | null
  failedDelivery: boolean
  version: number
  /** How its product was covered when it was opened. */
  entitlement: Entitlement
}

export interface Address {
  name: string
  address: string
}

export interface Attachment {
  id: number
  name: string
  contentType: string
  size: number
  url: string
  inline?: boolean
  contentId?: string | null
  /** What the content shows, whatever the sender says. */
  sniffedType?: string | null
  preview?: CalendarPreview | MailPreview | null
}

export interface Delivery {
  id: number
  state: 'queued' | 'sending' | 'sent' | 'delivered' | 'failed' | 'unknown' | 'bounced' | 'cancelled'
  error: string | null
  attempts: number
  sendAt: string | null
  undoUntil: string | null
  /** Its author wants it to leave later (`sendAt`). */
  scheduled?: boolean
  /** What a server says of a mail that it still tries to deliver. */
  warning?: string | null
}

export interface ActorView {
  kind: 'agent' | 'customer' | 'rule' | 'system' | string
  id: number | null
  name: string
  /** Of a customer's mail: where it came from. */
  address?: string | null
}

export interface MessageItem {
  type: 'message'
  key: string
  id: number
  at: string
  kind: 'customer' | 'agent' | 'system'
  channel: Channel
  author: ActorView
  html: string
  text: string
  quotedHtml?: string | null
  quotedText?: string | null
  subject: string
  to: Address[]
  cc: Address[]
  attachments: Attachment[]
  delivery: Delivery | null
  matchedBy: string | null
  isAuto: boolean
  rawUrl: string | null
  lang: string | null
  /** When its author says to have written it. */
  datedAt?: string | null
  /** The address of ours that it was written to, or that it leaves from. */
  ownAddress?: string | null
  isList?: boolean
  subjectChanged?: boolean
  /** An answer of ours that did not leave through the desk. */
  sentElsewhere?: boolean
  forwardedBy?: { id: number; name: string } | null
  /** S/MIME or PGP, "" for neither. */
  protection?: string | null
  authentication?: MailAuthentication | null
  signatureHtml?: string | null
  /** Written without formatting. */
  plain?: boolean
  /** Remote images that the text would load. */
  blockedImages?: number
  /** Too long to stand here whole; its page has the rest. */
  htmlCut?: boolean
}

export interface NoteItem {
  type: 'note'
  key: string
  id: number
  at: string
  author: ActorView
  html: string
  text: string
  attachments: Attachment[]
}

export interface EventItem {
  type: 'event'
  key: string
  at: string
  kind: string
  actor: ActorView
  data: Record<string, unknown>
  rule: string | null
}

export type Item = MessageItem | NoteItem | EventItem

export interface DraftView {
  ticketId: number
  mode: DraftMode
  html: string
  revision: number
  updatedAt: string
  attachments: Attachment[]
}

export interface CustomerBrief {
  id: number
  name: string
  email: string | null
  phone: string | null
  language: string | null
  timeZone: string | null
  vip: boolean
  doNotContact: boolean
  organisation: { id: number; name: string } | null
}

export interface Viewer {
  agentId: number
  name: string
  state: WatchMode
}

export interface TicketView extends Omit<TicketRow, 'customer'> {
  customer: CustomerBrief
  organisation: { id: number; name: string } | null
  accountId: number | null
  mailbox: { name: string; address: string } | null
  timeline: Item[]
  before: string | null
  lastEventId: string
  drafts: DraftView[]
  viewers: Viewer[]
  routing: { reason: string } | null
  followerIds: number[]
  replyDefaults?: ReplyDefaults | null
  /** A message that may deserve a ticket of its own. */
  split?: { messageId: number } | null
  formAnswers?: { label: string; value: string }[]
  product?: TicketProduct | null
  entitlementReason?: string
  entitlementUntil?: string | null
  /** What is promised about it; none: no policy fits. */
  clocks?: TicketClock[]
  /** What agents have promised its customer. */
  promises?: TicketPromise[]
  tier?: string | null
  queue?: { id: number; name: string } | null
}

export interface TicketPatch {
  status?: Status
  priority?: Priority
  assigneeId?: number | null
  teamId?: number | null
  tags?: string[]
  subject?: string
  snoozedUntil?: string | null
}

export interface ReplyInput {
  clientKey: string
  html: string
  text?: string
  lastSeen: string | null
  force?: boolean
  status?: 'open' | 'pending' | 'on_hold' | 'solved'
  to?: string[]
  cc?: string[]
  bcc?: string[]
  attachmentIds?: number[]
  draftRevision?: number
  /** Leaves then, unless the customer writes first. */
  sendAt?: string | null
  /** Without formatting. */
  plain?: boolean
  /** One of the aliases in `replyDefaults`. */
  fromAddress?: string | null
  /** A mail of the ticket that is passed on below the words, and the subject it gets. */
  forwardOf?: number | null
  subject?: string | null
  /** Canned replies that were put in. */
  macroIds?: number[]
}

export interface NoteInput {
  clientKey: string
  html: string
  mentions?: number[]
  attachmentIds?: number[]
  draftRevision?: number
}

export interface SentResult {
  item: Item
  ticket: TicketRow
}

export interface NewTicketInput {
  subject: string
  customerEmail?: string
  customerId?: number
  customerName?: string
  html: string
  teamId?: number
  accountId?: number
  fromAddress?: string
  cc?: string[]
  bcc?: string[]
  plain?: boolean
  attachmentIds?: number[]
  clientKey?: string
}

export interface CustomerView {
  id: number
  name: string
  language: string | null
  timeZone: string | null
  vip: boolean
  doNotContact: boolean
  notes: string
  tier: string | null
  organisation: { id: number; name: string; tier: string | null; version: number } | null
  contacts: { kind: 'email' | 'phone'; value: string; verified: boolean; invalidReason: string | null }[]
  tickets: { id: number; subject: string; status: Status; createdAt: string }[]
  createdAt: string
  version: number
}

export interface CustomerPatch {
  name?: string
  language?: string
  timeZone?: string
  vip?: boolean
  doNotContact?: boolean
  notes?: string
  tier?: string | null
}

export interface Macro {
  id: number
  name: string
  html: string
  text?: string
  /** Variables that the ticket has no value for. */
  missing?: string[]
  /** What it does to the ticket. */
  actions?: Action[]
}

export interface ProfilePatch {
  locale?: Locale
  theme?: Theme
  singleKeys?: boolean
  signature?: string
  timeZone?: string
  name?: string
  notify?: NotifyChoices
}

/* ---------- live socket ---------- */

export interface LiveEvent {
  t: 'event'
  cursor: string
  kind: string
  ticketId: number | null
  customerId: number | null
  actor: { kind: string; id: number | null }
  data: Record<string, unknown>
}

export interface Watcher {
  agentId: number
  name: string
  mode: WatchMode
  typing: boolean
}

/** A visitor of the chat came, left, moved on to another page or types. */
export interface VisitorMessage {
  t: 'visitor'
  ticketId: number
  online: boolean
  typing: boolean
  pageUrl: string
  pageTitle: string
}

export type ServerMessage =
  | { t: 'welcome'; cursor: string; serverTime: string }
  | LiveEvent
  | { t: 'reset'; cursor: string }
  | { t: 'watchers'; ticketId: number; agents: Watcher[] }
  | ({ t: 'presence'; agentId: number } & Standing)
  | VisitorMessage
  | { t: 'pong' }

export type ClientMessage =
  | { t: 'hello'; cursor: string | null }
  | { t: 'watch'; ticketId: number | null; mode: WatchMode }
  | { t: 'typing'; ticketId: number; note?: boolean }
  | { t: 'ping'; idle: number }
