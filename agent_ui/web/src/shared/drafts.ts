/**
 * Drafts: what an agent has written and not yet sent.
 *
 * Each change goes to memory and localStorage at once and to the server after a short rest. A draft
 * belongs to (ticket, mode, agent). Changes are counted, and whoever clears a draft names the
 * revision that was meant, so text written meanwhile is never lost.
 */
import { shallowReactive } from 'vue'
import { Chain } from './drafts-chain'
import {
  DraftDisk,
  deviceStorage,
  emptyDraft,
  envelopeOf,
  filesToSend,
  isBlank,
  NEW_TICKET,
  ownPictures,
  type Draft,
  type DraftEnvelope,
  type DraftFile,
  type DraftMode,
  type Outgoing,
  type Recipients,
} from './drafts-disk'

export { envelopeOf, filesToSend, isBlank, NEW_TICKET }
export type { Draft, DraftEnvelope, DraftFile, DraftMode, Outgoing, Recipients }

export interface ServerDraft {
  ticketId: number
  mode: DraftMode
  html: string
  revision: number
  attachments: DraftFile[]
}

/** The server's side of drafts; both calls reject when there was no answer or a refusal. */
export interface DraftTransport {
  /** Resolves to the revision the server holds now: a higher one when it had newer text and kept that. */
  save(ticketId: number, mode: DraftMode, body: { html: string; revision: number; attachmentIds: number[] }): Promise<number>
  remove(ticketId: number, mode: DraftMode, revision: number): Promise<void>
}

export interface DraftChange {
  html?: string
  files?: DraftFile[]
  recipients?: Recipients | null
  from?: string
  plain?: boolean
  subject?: string
  forward?: number
  macros?: number[]
  partnerName?: string
  /** Newest event the author sees now; kept only by the change that begins the draft. */
  seen?: string | null
}

/** idle: nothing to tell; pending: rests before saving; saved: on the server; kept: only on this device. */
export type SaveState = 'idle' | 'pending' | 'saved' | 'kept'

const REST_MS = 500
const RETRY_MS = 10_000
/** Revisions from here on are the server's: it has given the text of a reply back that did not leave (tickets/drafts.py). */
const GIVEN_BACK = 1_000_000_000

interface Place {
  ticketId: number
  mode: DraftMode
  key: string
}

export class DraftStore {
  readonly states = shallowReactive(new Map<string, SaveState>())
  private readonly drafts = shallowReactive(new Map<string, Draft>())
  private readonly outgoing = new Map<string, Outgoing>()
  private readonly touched = new Set<string>()
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>()
  private readonly places = new Map<string, Place>()
  private readonly chain = new Chain()
  private readonly disk: DraftDisk

  constructor(
    agentId: number,
    private readonly transport: DraftTransport,
    storage: Storage = deviceStorage(),
    private readonly now: () => number = Date.now,
  ) {
    this.disk = new DraftDisk(agentId, storage)
  }

  read(ticketId: number, mode: DraftMode): Draft {
    return this.at(this.place(ticketId, mode))
  }

  state(ticketId: number, mode: DraftMode): SaveState {
    return this.states.get(this.place(ticketId, mode).key) ?? 'idle'
  }

  /** True when either mode of the ticket holds text or files. */
  has(ticketId: number): boolean {
    return !isBlank(this.read(ticketId, 'reply')) || !isBlank(this.read(ticketId, 'note'))
  }

  /** Stores a change on this device at once and asks for a save; returns the draft after it. */
  write(ticketId: number, mode: DraftMode, change: DraftChange): Draft {
    const place = this.place(ticketId, mode)
    const before = this.at(place)
    const begins = isBlank(before)
    const { seen, ...content } = change
    const next: Draft = {
      ...before,
      ...content,
      revision: before.revision + 1,
      basis: begins ? (seen ?? null) : (before.basis ?? seen ?? null),
      startedAt: begins ? this.now() : before.startedAt,
      sentAs: null,
    }
    this.keep(place, next)
    this.saveAfterRest(place)
    return next
  }

  /** The author has read what arrived meanwhile: a send is measured from here on. */
  acknowledge(ticketId: number, mode: DraftMode, seen: string): void {
    const place = this.place(ticketId, mode)
    this.keep(place, { ...this.at(place), basis: seen, startedAt: this.now() })
  }

  /** Throws a draft away here and on the server, unless it has changed since `revision`. */
  discard(ticketId: number, mode: DraftMode, revision: number): void {
    const place = this.place(ticketId, mode)
    if (this.at(place).revision !== revision) return
    this.write(ticketId, mode, { html: '', files: [], recipients: null, subject: undefined, partnerName: undefined, from: undefined, plain: undefined, forward: undefined, macros: undefined })
    if (ticketId !== NEW_TICKET) this.flush(place)
  }

  /**
   * Moves a draft out of the editor because it is being sent. It stays on this device until
   * `settle` (the server has it) or `putBack` (it was refused), also over a crash.
   */
  take(ticketId: number, mode: DraftMode, clientKey: string): Outgoing {
    const place = this.place(ticketId, mode)
    const draft = this.at(place)
    const outgoing: Outgoing = { clientKey: draft.sentAs ?? clientKey, ticketId, mode, draft }
    this.stopTimer(place.key)
    this.outgoing.set(outgoing.clientKey, outgoing)
    this.disk.writeOutgoing(outgoing)
    this.keep(place, emptyDraft(draft.revision))
    this.states.set(place.key, 'idle')
    return outgoing
  }

  /** Runs `post` after the saves already under way for this draft, so that none arrives behind it. */
  inLine<T>(ticketId: number, mode: DraftMode, post: () => Promise<T>): Promise<T> {
    return this.chain.run(this.place(ticketId, mode).key, post)
  }

  /** The server has the message: the copy kept for a crash goes. */
  settle(clientKey: string): void {
    this.outgoing.delete(clientKey)
    this.disk.removeOutgoing(clientKey)
  }

  /** Returns a refused send to the draft of its own ticket, before anything written since. */
  putBack(clientKey: string): void {
    const outgoing = this.outgoing.get(clientKey)
    if (!outgoing) return
    const { ticketId, mode, draft } = outgoing
    this.join(this.place(ticketId, mode), draft, clientKey)
    this.settle(clientKey)
  }

  /**
   * Puts the text of an undone send into the draft of its ticket, before anything written since.
   * `server` is the draft the server made of it: its revision and files count, its text may hold ours twice.
   * `envelope` is whom and how it went, so that it does not turn to somebody else.
   */
  restore(server: ServerDraft, html: string, envelope: Partial<DraftEnvelope> = {}): void {
    const restored = { ...emptyDraft(server.revision, 0), ...envelope, ...ownPictures(html, server.attachments) }
    this.join(this.place(server.ticketId, server.mode), { ...restored, startedAt: this.now() }, null)
  }

  /**
   * Brings in what the server holds for a ticket; unsaved text on this device always wins.
   * `seen` is the newest event that is shown together with the draft.
   */
  adopt(ticketId: number, views: readonly ServerDraft[], seen: string): void {
    for (const mode of ['reply', 'note'] as const) {
      const view = views.find((one) => one.mode === mode)
      if (view) this.adoptOne(this.place(ticketId, mode), view, seen)
      else this.dropIfSentElsewhere(this.place(ticketId, mode))
    }
  }

  /** Sends every waiting save now (page hidden, connection back, session renewed). */
  flushAll(): void {
    for (const place of this.places.values()) {
      const draft = this.at(place)
      if (draft.saved < draft.revision && place.ticketId !== NEW_TICKET) this.flush(place)
    }
  }

  /** Another tab of this browser changed a draft. */
  onStorage(event: Pick<StorageEvent, 'key' | 'newValue' | 'oldValue'>): void {
    const place = [...this.places.values()].find((one) => one.key === event.key)
    if (!place) return
    // Only what this tab has in memory: the device's storage holds the other tab's text by now.
    const mine = this.drafts.get(place.key)?.revision ?? -1
    const valid = (value: Draft): boolean => typeof value.html === 'string'
    const theirs = this.disk.parse<Draft>(event.newValue, valid)
    if (theirs && theirs.revision > mine) this.drafts.set(place.key, theirs)
    const cleared = theirs ? null : this.disk.parse<Draft>(event.oldValue, valid)
    if (cleared && cleared.revision >= mine) this.drafts.set(place.key, emptyDraft(cleared.revision))
  }

  /** Returns sends that a crash or reload cut off to their drafts, but for those the outbox holds (`kept`). */
  recover(kept: ReadonlySet<string>): void {
    for (const outgoing of this.disk.readOutgoing()) {
      if (this.outgoing.has(outgoing.clientKey)) continue
      this.outgoing.set(outgoing.clientKey, outgoing)
      if (kept.has(outgoing.clientKey)) this.settle(outgoing.clientKey)
      else this.putBack(outgoing.clientKey)
    }
  }

  /** Tickets of this agent with something written on this device. */
  ticketIds(): number[] {
    return this.disk.ticketIds()
  }

  private place(ticketId: number, mode: DraftMode): Place {
    const key = this.disk.key(ticketId, mode)
    const known = this.places.get(key)
    if (known) return known
    const place = { ticketId, mode, key }
    this.places.set(key, place)
    return place
  }

  private at(place: Place): Draft {
    return this.drafts.get(place.key) ?? this.disk.read(place.key) ?? emptyDraft()
  }

  private keep(place: Place, draft: Draft): void {
    this.touched.add(place.key)
    this.drafts.set(place.key, draft)
    if (isBlank(draft) && !draft.subject && !draft.partnerName) this.disk.remove(place.key)
    else this.disk.write(place.key, draft)
  }

  private join(place: Place, earlier: Draft, sentAs: string | null): void {
    const since = this.at(place)
    const untouched = isBlank(since) && since.revision <= earlier.revision
    const revision = untouched ? earlier.revision : Math.max(since.revision, earlier.revision) + 1
    const files = [...earlier.files, ...since.files.filter((file) => !earlier.files.some((one) => one.id === file.id))]
    const html = isBlank(since) ? earlier.html : earlier.html + since.html
    const macros = earlier.macros || since.macros ? [...new Set([...(earlier.macros ?? []), ...(since.macros ?? [])])] : undefined
    this.keep(place, { ...earlier, html, files, macros, revision, saved: 0, sentAs: untouched ? sentAs : null })
    this.saveAfterRest(place)
  }

  private adoptOne(place: Place, view: ServerDraft, seen: string): void {
    const mine = this.at(place)
    if (view.revision <= mine.revision) return
    const content = { ...ownPictures(view.html, view.attachments), ...envelopeOf(mine) }
    if (mine.saved < mine.revision && !isBlank(mine)) {
      // What came back stands before what is typed just now; words that are there twice do less harm than lost ones.
      if (view.revision >= GIVEN_BACK && mine.revision < GIVEN_BACK) this.join(place, { ...emptyDraft(view.revision, 0), ...content }, null)
      else {
        this.keep(place, { ...mine, revision: view.revision + 1 })
        this.saveAfterRest(place)
      }
      return
    }
    const draft = { ...emptyDraft(view.revision), ...content, basis: seen, startedAt: this.now() }
    this.drafts.set(place.key, draft)
    this.disk.write(place.key, draft)
  }

  private dropIfSentElsewhere(place: Place): void {
    const mine = this.at(place)
    // Only a draft left by an earlier page: what was saved a moment ago may be newer than this answer.
    if (this.touched.has(place.key) || isBlank(mine) || mine.saved < mine.revision) return
    this.drafts.set(place.key, emptyDraft(mine.revision))
    this.disk.remove(place.key)
  }

  private saveAfterRest(place: Place, rest = REST_MS): void {
    this.stopTimer(place.key)
    if (place.ticketId === NEW_TICKET) {
      this.states.set(place.key, isBlank(this.at(place)) ? 'idle' : 'kept')
      return
    }
    this.states.set(place.key, 'pending')
    this.timers.set(
      place.key,
      setTimeout(() => this.flush(place), rest),
    )
  }

  private stopTimer(key: string): void {
    clearTimeout(this.timers.get(key))
    this.timers.delete(key)
  }

  private flush(place: Place): void {
    this.stopTimer(place.key)
    void this.chain.run(place.key, () => this.save(place))
  }

  private async save(place: Place): Promise<void> {
    const draft = this.at(place)
    if (draft.saved >= draft.revision) return
    try {
      const kept = await this.push(place, draft)
      if (kept > draft.revision) this.overtake(place, kept)
      else this.markSaved(place, draft.revision)
    } catch {
      this.states.set(place.key, 'kept')
      if (!this.timers.has(place.key)) this.retryLater(place)
    }
  }

  /** Resolves to the revision the server holds afterwards. */
  private async push(place: Place, draft: Draft): Promise<number> {
    const { ticketId, mode } = place
    if (isBlank(draft)) {
      await this.transport.remove(ticketId, mode, draft.revision)
      return draft.revision
    }
    const attachmentIds = filesToSend(draft).map((file) => file.id)
    return this.transport.save(ticketId, mode, { html: draft.html, revision: draft.revision, attachmentIds })
  }

  /** The server had newer text (another device): what stands in front of the author goes over it. */
  private overtake(place: Place, revision: number): void {
    const current = this.at(place)
    this.keep(place, { ...current, revision: Math.max(current.revision, revision) + 1 })
    this.saveAfterRest(place)
  }

  private markSaved(place: Place, revision: number): void {
    const current = this.at(place)
    this.keep(place, { ...current, saved: Math.max(current.saved, revision) })
    if (current.revision === revision) this.states.set(place.key, isBlank(current) ? 'idle' : 'saved')
  }

  private retryLater(place: Place): void {
    this.timers.set(
      place.key,
      setTimeout(() => this.flush(place), RETRY_MS),
    )
  }
}
