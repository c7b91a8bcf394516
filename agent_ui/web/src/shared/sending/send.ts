/**
 * Sending: from the draft in the editor to an accepted reply or note, without losing or doubling a word.
 *
 * The draft leaves the editor at once and waits on this device until the server has it. A refusal puts
 * it back into the draft of its own ticket, whatever ticket is open by then. The same client key goes
 * with every try, so the server keeps one message however often it is asked.
 */
import { shallowReactive } from 'vue'
import { ApiError } from '@/shared/api/client'
import type { Item, NoteInput, ReplyInput, SentResult } from '@/shared/api/types'
import { filesToSend, isBlank, type Draft, type DraftEnvelope, type DraftMode, type DraftStore, type Outgoing } from '@/shared/drafts'
import { problemWords } from '@/shared/problemWords'
import type { Submitted } from '@/shared/stores/outbox'
import { filesGone } from './filesGone'
import { outgoingItem, type OutgoingContent, type OutgoingItem } from './outgoing'

export type SendStatus = 'open' | 'pending' | 'solved'

export interface SendRequest {
  ticketId: number
  mode: DraftMode
  status: SendStatus
  /** Newest event the console has shown; used when the draft does not know better. */
  lastEventId: string
  timeline: readonly Item[]
  channel: OutgoingContent['channel']
  author: OutgoingContent['author']
  mentions: number[]
  /** Leaves then and not before, unless the customer writes first (ISO 8601). */
  sendAt?: string
  /** Send although the ticket has news the author was shown. */
  force?: boolean
}

/** The server found news in the ticket that the author had not seen when the draft was begun. */
export interface StaleSend {
  newItems: Item[]
  lastEventId: string
  status: SendStatus
  sendAt?: string
}

export interface SendFailure {
  code: string
  detail: string
}

export interface SendPorts {
  drafts: DraftStore
  /** Posts, or keeps for later without a connection; rejects with ApiError when the server refuses. */
  submit(ticketId: number, mode: DraftMode, input: ReplyInput | NoteInput): Promise<Submitted>
  /** The server accepted at once: its item stands in the timeline. */
  accepted(ticketId: number, result: SentResult, draft: Draft): void
  /** The server refused; called once, for a message when another ticket is open. */
  refused(ticketId: number, failure: SendFailure): void
  newKey(): string
  now(): number
}

export class Sender {
  /** Optimistic copies by client key. */
  readonly outgoing = shallowReactive(new Map<string, OutgoingItem>())
  /** Copies of what the outbox keeps, with the files the outbox does not know by name. */
  readonly waiting = new Map<string, OutgoingItem>()
  /** Held back sends by ticket. */
  readonly stale = shallowReactive(new Map<number, StaleSend>())
  /** Last refusal by ticket and mode. */
  readonly failures = shallowReactive(new Map<string, SendFailure>())

  constructor(private readonly ports: SendPorts) {}

  outgoingOf(ticketId: number): OutgoingItem[] {
    return [...this.outgoing.values()].filter((one) => one.ticketId === ticketId)
  }

  failureOf(ticketId: number, mode: DraftMode): SendFailure | undefined {
    return this.failures.get(`${ticketId}:${mode}`)
  }

  clearFailure(ticketId: number, mode: DraftMode): void {
    this.failures.delete(`${ticketId}:${mode}`)
  }

  /** Sends the present draft of a ticket; resolves when the server answered or the outbox keeps it for later. */
  async send(request: SendRequest): Promise<void> {
    const { ticketId, mode } = request
    const { drafts } = this.ports
    if (isBlank(drafts.read(ticketId, mode))) return
    this.clearFailure(ticketId, mode)
    this.stale.delete(ticketId)
    const taken = drafts.take(ticketId, mode, this.ports.newKey())
    const { clientKey } = taken
    const { draft } = taken
    this.show(request, clientKey, draft)
    const input = mode === 'reply' ? replyInput(request, clientKey, draft) : noteInput(request, clientKey, draft)
    try {
      const answer = await drafts.inLine(ticketId, mode, () => this.ports.submit(ticketId, mode, input))
      this.finish(clientKey, answer.state)
      if (answer.state === 'sent') this.ports.accepted(ticketId, answer.result, draft)
    } catch (error) {
      this.takeBack(request, taken, error)
      if (this.onlyOwnNews(request)) await this.send({ ...request, force: true })
    }
  }

  private show(request: SendRequest, clientKey: string, draft: Draft): void {
    const { ticketId, mode, channel, author, timeline } = request
    const at = new Date(this.ports.now()).toISOString()
    const content = { clientKey, ticketId, mode, channel, author, at, html: draft.html, attachments: draft.files }
    this.outgoing.set(clientKey, outgoingItem(content, timeline))
  }

  private finish(clientKey: string, state: Submitted['state']): void {
    this.ports.drafts.settle(clientKey)
    const shown = this.outgoing.get(clientKey)
    if (shown && state === 'queued') this.waiting.set(clientKey, shown)
    this.outgoing.delete(clientKey)
  }

  private takeBack(request: SendRequest, { clientKey, draft }: Outgoing, error: unknown): void {
    this.outgoing.delete(clientKey)
    this.ports.drafts.putBack(clientKey)
    const stale = staleFrom(error, request)
    if (stale) this.stale.set(request.ticketId, stale)
    else this.fail(request.ticketId, request.mode, failureFrom(error, draft))
  }

  /** What the author wrote meanwhile (a note, an earlier reply) is no news to the author. */
  private onlyOwnNews({ ticketId, author }: SendRequest): boolean {
    const items = this.stale.get(ticketId)?.newItems ?? []
    return items.length > 0 && items.every((item) => item.type !== 'event' && item.author.kind === 'agent' && item.author.id === author.id)
  }

  private fail(ticketId: number, mode: DraftMode, failure: SendFailure): void {
    this.failures.set(`${ticketId}:${mode}`, failure)
    this.ports.refused(ticketId, failure)
  }
}

function replyInput(request: SendRequest, clientKey: string, draft: Draft): ReplyInput {
  return {
    clientKey,
    html: draft.html,
    lastSeen: draft.basis ?? request.lastEventId,
    status: request.status,
    attachmentIds: filesToSend(draft).map((file) => file.id),
    draftRevision: draft.revision,
    ...(request.sendAt ? { sendAt: request.sendAt } : {}),
    ...(draft.plain ? { plain: true } : {}),
    ...(draft.from ? { fromAddress: draft.from } : {}),
    ...(draft.forward ? { forwardOf: draft.forward, subject: draft.subject ?? '' } : {}),
    ...(draft.macros?.length ? { macroIds: draft.macros } : {}),
    ...(request.force ? { force: true } : {}),
    ...(draft.recipients ?? {}),
  }
}

/** The other way round: whom and how a reply was to go. */
export function envelopeIn({ to, cc, bcc, fromAddress, plain, subject, forwardOf, macroIds }: ReplyInput): DraftEnvelope {
  const recipients = to || cc || bcc ? { to: to ?? [], cc: cc ?? [], bcc: bcc ?? [] } : null
  return { recipients, from: fromAddress ?? undefined, plain, subject: subject ?? undefined, forward: forwardOf ?? undefined, macros: macroIds }
}

function noteInput(request: SendRequest, clientKey: string, draft: Draft): NoteInput {
  const attachmentIds = filesToSend(draft).map((file) => file.id)
  return { clientKey, html: draft.html, mentions: request.mentions, attachmentIds, draftRevision: draft.revision }
}

function staleFrom(error: unknown, { status, sendAt }: SendRequest): StaleSend | null {
  if (!(error instanceof ApiError) || error.code !== 'stale-reply') return null
  const newItems = Array.isArray(error.body.newItems) ? (error.body.newItems as Item[]) : []
  return { newItems, lastEventId: String(error.body.lastEventId ?? ''), status, sendAt }
}

function failureFrom(error: unknown, draft: Draft): SendFailure {
  if (error instanceof ApiError) return { code: error.code, detail: filesGone(error.body, draft.files) ?? problemWords(error.errors[0]?.message || error.detail || error.title) }
  return { code: 'unknown', detail: error instanceof Error ? error.message : String(error) }
}
