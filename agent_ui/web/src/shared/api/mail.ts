/**
 * The shapes and calls of everything about mail that is no conversation: the ledger, the mailboxes and their
 * settings, blocked senders, the brake on automatic mail, and the banners of the desk.
 */
import { http } from './client'
import type { Page } from './types'

/* ---------- ledger ---------- */

export interface LedgerItem {
  id: number
  account: string
  /** "uidvalidity:uid" of a fetched mail; what the mail server called it otherwise. */
  uid: string
  receivedAt: string
  internalDate: string | null
  processedAt: string | null
  from: string
  subject: string
  size: number
  state: 'received' | 'done' | 'failed'
  outcome: string | null
  reason: string | null
  ticketId: number | null
  messageId: number | null
  messageIdHeader: string | null
  duplicateOf: number | null
  matchedBy: string | null
  attempts: number
  archived: boolean
}

/** The server's mails beside ours, at one moment. */
export interface MailAudit {
  at: string
  uidvalidity: number
  server: number
  ledger: number
  /** Older than the day from which the mailbox is read. */
  beforeStart: number
  /** Still to be fetched: the fetcher has not come to them yet. */
  pending: number
  /** Passed over, which must never be: the first of them by number, and how many. */
  missing: number[]
  missingCount: number
  /** Found missing by this comparison, and fetched by it. */
  mended: number
  /** In our ledger, and no longer on the server. */
  gone: number
  /** Why the last try failed; the numbers are then those of the one before. */
  error: string | null
}

export type OutcomeCounts = Record<string, number>

export interface LedgerMailbox {
  id: number
  name: string
  address: string
  kind: 'imap' | 'listener'
  isActive: boolean
  counts: OutcomeCounts
  audit: MailAudit | null
  lastSuccessAt: string | null
  lastMailAt: string | null
  lastError: string | null
  /** For how long the oldest mail has waited to be processed; 0 when none waits. */
  lagSeconds: number
  alarm: string | null
  alarmSince: string | null
  import: { total: number; done: number; state: 'running' | 'done' } | null
}

export interface LedgerQuery {
  account?: string
  outcome?: string
  q?: string
  cursor?: string
}

/* ---------- mailboxes ---------- */

export type Encryption = 'tls' | 'starttls' | 'none'
export type SignInKind = 'password' | 'oauth'

export interface ImapView {
  host: string
  port: number
  user: string
  tls: Encryption
  folder: string
  auth: SignInKind
  since: string | null
  importAs: 'closed' | 'open'
  hasPassword: boolean
}

export interface SmtpView {
  host: string
  port: number
  user: string
  tls: Encryption
  auth: SignInKind
  perMinute: number
  verp: boolean | null
  hasPassword: boolean
}

export interface OauthView {
  provider: 'google' | 'microsoft' | 'custom'
  clientId: string
  tenant: string
  authorizeUrl: string
  tokenUrl: string
  scope: string
  connected: boolean
  secretExpiresOn: string | null
  hasClientSecret: boolean
}

export interface DkimView {
  selector: string
  domain: string
  dnsName: string
  dnsValue: string
}

export interface MailboxOptions {
  acknowledge: { enabled: boolean; subject: string; html: string }
  replyToPolicy: 'from' | 'reply_to'
  agentAnswers: 'aligned' | 'token' | 'off'
  subjectNumber: boolean
  duplicates: 'one' | 'each'
  trustedServers: string[]
  silentAfterMinutes: number
  reopenDays: number
  plainText: boolean
}

export interface MailboxView {
  id: number
  name: string
  address: string
  aliases: string[]
  displayName: string
  teamId: number | null
  signature: string
  isActive: boolean
  imap: ImapView | null
  smtp: SmtpView | null
  oauth: OauthView | null
  dkim: DkimView | null
  options: MailboxOptions
  status: {
    lastSuccessAt: string | null
    lastMailAt: string | null
    lastError: string | null
    alarm: string | null
    alarmSince: string | null
  }
}

/** Absent secrets are kept as they are on the server. */
export type ImapInput = Omit<ImapView, 'hasPassword'> & { password?: string }
export type SmtpInput = Omit<SmtpView, 'hasPassword'> & { password?: string }
export type OauthInput = Omit<OauthView, 'connected' | 'hasClientSecret'> & { clientSecret?: string }

export interface MailboxInput {
  name: string
  address: string
  aliases: string[]
  displayName: string
  teamId: number | null
  signature: string
  imap: ImapInput | null
  smtp: SmtpInput | null
  oauth: OauthInput | null
  options: MailboxOptions
}

export interface ProviderPreset {
  key: 'google' | 'microsoft' | 'zoho' | 'yahoo' | 'fastmail' | 'icloud' | 'other'
  imap: { host: string; port: number; tls: Encryption } | null
  smtp: { host: string; port: number; tls: Encryption } | null
  oauth: OauthView['provider'] | null
  help: string
}

export interface TestInput {
  id?: number
  imap?: ImapInput
  smtp?: SmtpInput
  oauth?: OauthInput
}

export interface TestResult {
  imap: { ok: boolean; detail: string; messages: number | null; folders: string[]; idle: boolean; seconds: number } | null
  smtp: { ok: boolean; detail: string; seconds: number } | null
}

export interface CountResult {
  total: number
  since: string | null
  oldest: string | null
  newest: string | null
}

/* ---------- the rest ---------- */

export interface BlockedSender {
  id: number
  pattern: string
  reason: string
  createdAt: string
}

export interface AutomaticMail {
  stopped: boolean
  reason: string | null
  since: string | null
  sentLastHour: number
  limitPerHour: number
  withheldLastDay: number
  /** The newest of the last day that did not arrive, for whatever reason. */
  undelivered: UndeliveredMail[]
}

export interface UndeliveredMail {
  id: number
  at: string
  state: 'withheld' | 'failed' | 'bounced' | 'unknown'
  kind: string
  to: string
  subject: string
  ticketId: number | null
  reason: string
}

export interface Banner {
  key: string
  kind: 'mailbox_silent' | 'credentials_expire' | 'automatic_mail_stopped' | 'ledger_difference' | 'search_away'
  /** What stands in the sentence: mailbox, address, reason, count, date. */
  data: Record<string, string>
  since: string | null
  forAdmins: boolean
}

const LONG = 60_000

export const mailApi = {
  ledger: (query: LedgerQuery) => http.get<Page<LedgerItem>>('/api/ledger', { query: { ...query } }),
  rawUrl: (id: number) => `/api/ledger/${id}/raw`,
  reprocess: (id: number) => http.post<LedgerItem>(`/api/ledger/${id}/reprocess`),
  reprocessFailed: () => http.post<{ count: number }>('/api/ledger/reprocess-failed'),
  ledgerMailboxes: () => http.get<LedgerMailbox[]>('/api/ledger/mailboxes'),
  audit: (id: number) => http.post<LedgerMailbox>(`/api/ledger/mailboxes/${id}/audit`, undefined, { timeout: LONG }),

  mailboxes: () => http.get<MailboxView[]>('/api/mailboxes'),
  presets: () => http.get<ProviderPreset[]>('/api/mailboxes/presets'),
  mailbox: (id: number) => http.get<MailboxView>(`/api/mailboxes/${id}`),
  addMailbox: (input: MailboxInput) => http.post<MailboxView>('/api/mailboxes', input),
  changeMailbox: (id: number, input: Partial<MailboxInput>) => http.patch<MailboxView>(`/api/mailboxes/${id}`, input),
  activate: (id: number, active: boolean) =>
    http.post<MailboxView>(`/api/mailboxes/${id}/${active ? 'activate' : 'deactivate'}`),
  test: (input: TestInput, signal?: AbortSignal) =>
    http.post<TestResult>('/api/mailboxes/test', input, { timeout: LONG, signal }),
  count: (input: { id?: number; imap: ImapInput; oauth?: OauthInput; since: string | null }) =>
    http.post<CountResult>('/api/mailboxes/count', input, { timeout: LONG }),
  connectOauth: (id: number) => http.post<{ url: string }>(`/api/mailboxes/${id}/oauth`),
  makeDkim: (id: number, selector: string) => http.post<DkimView>(`/api/mailboxes/${id}/dkim`, { selector }),
  removeDkim: (id: number) => http.delete<void>(`/api/mailboxes/${id}/dkim`),

  blocked: () => http.get<BlockedSender[]>('/api/blocked-senders'),
  block: (pattern: string, reason: string) => http.post<BlockedSender>('/api/blocked-senders', { pattern, reason }),
  unblock: (id: number) => http.delete<void>(`/api/blocked-senders/${id}`),

  automaticMail: () => http.get<AutomaticMail>('/api/automatic-mail'),
  release: () => http.post<AutomaticMail>('/api/automatic-mail/release'),

  banners: () => http.get<Banner[]>('/api/banners'),
}
