/**
 * Tickets as the console knows them: one reactive row for each ticket, and the threads of the last 20 opened.
 *
 * Rows come from lists, searches and single reads and are shared by all who show them. Edits apply at once and roll
 * back with a message that names the ticket. Live events refetch what is shown (`applyEvent`).
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'
import { ApiError } from '../api/client'
import { api } from '../api/endpoints'
import type { TicketProduct } from '../api/cover'
import type { TicketClock, TicketPromise } from '../api/responseTimes'
import type {
  CustomerBrief, DraftView, Item, LiveEvent, ReplyDefaults, TicketPatch, TicketRow, TicketView, Viewer,
} from '../api/types'
import { tr } from '../i18n'
import { problemWords } from '../problemWords'
import { toast } from '../toasts'
import { pushUndo } from '../undo'
import { coalesce } from '../coalesce'
import { useDirectory } from './directory'
import { changedFields, rowChange } from './ticketPatch'

/** A conversation with what surrounds it. Items are replaced as a whole array, never pushed into. */
export interface Thread {
  id: number
  state: 'loading' | 'ready' | 'error'
  error: ApiError | null
  items: Item[]
  /** Cursor of older items, null at the beginning of the conversation. */
  before: string | null
  /** The last event the reader has seen: goes with a reply as `lastSeen`. */
  lastEventId: string
  drafts: DraftView[]
  viewers: Viewer[]
  customer: CustomerBrief | null
  organisation: { id: number; name: string } | null
  mailbox: { name: string; address: string } | null
  routing: { reason: string } | null
  followerIds: number[]
  replyDefaults: ReplyDefaults | null
  /** The message that may deserve a ticket of its own. */
  splitMessageId: number | null
  /** What the customer answered to the questions of the request form. */
  formAnswers: { label: string; value: string }[]
  product: TicketProduct | null
  entitlementReason: string
  entitlementUntil: string | null
  /** What is promised about it. */
  clocks: TicketClock[]
  /** What agents have promised its customer. */
  promises: TicketPromise[]
  /** What the desk calls its customer, where she is a better one. */
  tier: string | null
  /** Where its work waits or came from; null: it is no work. */
  queue: { id: number; name: string } | null
  /** A live event told of a change that was not read yet. */
  stale: boolean
}

const KEEP_THREADS = 20

function emptyThread(id: number): Thread {
  return shallowReactive({
    id, state: 'loading', error: null, items: [], before: null, lastEventId: '', drafts: [], viewers: [],
    customer: null, organisation: null, mailbox: null, routing: null, followerIds: [],
    replyDefaults: null, splitMessageId: null, formAnswers: [], product: null, entitlementReason: '',
    entitlementUntil: null, clocks: [], promises: [], tier: null, queue: null, stale: false,
  } as Thread)
}

/** The row's part of a full ticket. */
export function rowOf(view: TicketView): TicketRow {
  const { id, subject, status, priority, channel, assignee, teamId, snippet, snippetBy, lastActivityAt, createdAt } = view
  const { dueAt, waitingSince, unread, tags, hasDraft, messageCount, snoozedUntil, failedDelivery, version, entitlement } = view
  const customer = { id: view.customer.id, name: view.customer.name, vip: view.customer.vip }
  return {
    id, subject, status, priority, channel, customer, assignee, teamId, snippet, snippetBy, lastActivityAt, createdAt,
    dueAt, waitingSince, unread, tags, hasDraft, messageCount, snoozedUntil, failedDelivery, version, entitlement,
  }
}

/**
 * Older pages stay when the newest page is read again; the newest page wins where both have an item. When the two do
 * not touch (a long time away) the old ones go, since what lies between is not known.
 */
export function mergeItems(known: Item[], newest: Item[]): Item[] {
  const first = newest[0]
  const fresh = new Set(newest.map((item) => item.key))
  if (!first || !known.some((item) => fresh.has(item.key))) return newest
  const kept = known.filter((item) => !fresh.has(item.key) && item.at <= first.at)
  return [...kept, ...newest]
}

export const useTickets = defineStore('tickets', () => {
  const rows = shallowReactive(new Map<number, TicketRow>())
  const threads = shallowReactive(new Map<number, Thread>())
  /** The ticket on the screen, or null. */
  const currentId = ref<number | null>(null)
  /** Rows on the screen of a list; events refetch these and leave the others until they are scrolled to. */
  let shown: ReadonlySet<number> = new Set()
  const staleRows = new Set<number>()
  const directory = useDirectory()

  const row = (id: number): TicketRow | undefined => rows.get(id)
  const thread = (id: number): Thread | undefined => threads.get(id)
  const current = computed(() => (currentId.value === null ? undefined : rows.get(currentId.value)))

  function upsertRow(next: TicketRow): TicketRow {
    const known = rows.get(next.id)
    if (!known) {
      const made = shallowReactive({ ...next })
      rows.set(next.id, made)
      return made
    }
    // an answer that was on its way while a newer one arrived must not turn the row back
    if (next.version >= known.version) Object.assign(known, next)
    return known
  }

  function touch(id: number): Thread {
    const known = threads.get(id) ?? emptyThread(id)
    threads.delete(id)
    threads.set(id, known)
    for (const old of threads.keys()) {
      if (threads.size <= KEEP_THREADS) break
      if (old !== currentId.value) threads.delete(old)
    }
    return known
  }

  function applyView(view: TicketView): Thread {
    upsertRow(rowOf(view))
    const known = threads.get(view.id) ?? touch(view.id)
    const items = mergeItems(known.items, view.timeline)
    const hasOlder = items.length > view.timeline.length
    Object.assign(known, {
      state: 'ready', error: null, items, before: hasOlder ? known.before : view.before, lastEventId: view.lastEventId,
      drafts: view.drafts, viewers: view.viewers, customer: view.customer, organisation: view.organisation,
      mailbox: view.mailbox, routing: view.routing, followerIds: view.followerIds,
      replyDefaults: view.replyDefaults ?? null, splitMessageId: view.split?.messageId ?? null,
      formAnswers: view.formAnswers ?? [], product: view.product ?? null,
      entitlementReason: view.entitlementReason ?? '', entitlementUntil: view.entitlementUntil ?? null, clocks: view.clocks ?? [],
      promises: view.promises ?? [], tier: view.tier ?? null, queue: view.queue ?? null,
      stale: false,
    } satisfies Partial<Thread>)
    return known
  }

  /** A full ticket keeps its thread only when somebody opened it, or the 20 kept threads would be pushed out. */
  function accept(view: TicketView): void {
    staleRows.delete(view.id)
    if (threads.has(view.id)) applyView(view)
    else upsertRow(rowOf(view))
  }

  async function read(id: number): Promise<void> {
    try {
      accept(await api.tickets.read(id))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const known = threads.get(id)
      // what is already on the screen stays readable
      if (known) Object.assign(known, { error, state: known.state === 'ready' ? 'ready' : 'error' })
    }
  }

  /** Read a ticket again; calls that come together are one request, and one more when a change came meanwhile. */
  const refresh = coalesce(read, 30)

  /** Show a ticket: at once from the cache, refreshed behind it. */
  async function open(id: number): Promise<Thread> {
    currentId.value = id
    const known = touch(id)
    if (known.state !== 'ready' || known.stale) {
      if (known.state === 'error') known.state = 'loading'
      await refresh(id)
    }
    return known
  }

  /** Read threads that are likely to be opened next; the cached ones cost nothing. */
  function prefetch(ids: number[]): void {
    for (const id of ids) {
      if (threads.has(id)) continue
      touch(id)
      void refresh(id)
    }
  }

  async function loadOlder(id: number): Promise<void> {
    const known = threads.get(id)
    if (!known?.before) return
    const page = await api.tickets.older(id, known.before)
    const have = new Set(known.items.map((item) => item.key))
    known.items = [...page.items.filter((item) => !have.has(item.key)), ...known.items]
    known.before = page.next
  }

  /** Put one item in its place: an answer of the server to a reply, a retry, an undo. */
  function upsertItem(ticketId: number, item: Item): void {
    const known = threads.get(ticketId)
    if (!known) return
    const at = known.items.findIndex((other) => other.key === item.key)
    known.items = at < 0 ? [...known.items, item] : known.items.map((other, i) => (i === at ? item : other))
  }

  function removeItem(ticketId: number, key: string): void {
    const known = threads.get(ticketId)
    if (known) known.items = known.items.filter((item) => item.key !== key)
  }

  function name(id: number): string {
    return `#${id} ${rows.get(id)?.subject ?? ''}`.trim()
  }

  /**
   * Change a ticket at once; a refusal puts the old values back and says which ticket it was.
   * `undoable: false` is for the inverse itself. Resolves to true when the server took it.
   */
  async function patch(id: number, change: TicketPatch, options: { undoable?: boolean; quiet?: boolean; bulk?: boolean } = {}): Promise<boolean> {
    const known = rows.get(id)
    const optimistic = known ? rowChange(change, directory.agentById) : {}
    const before = known ? changedFields(known, optimistic) : {}
    if (known) Object.assign(known, optimistic)
    try {
      accept(await api.tickets.change(id, change, options.bulk))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (known) rollback(known, optimistic, before)
      if (!options.quiet) {
        toast(tr('errors.changeFailed', { ticket: name(id), reason: reasonOf(error) }), {
          kind: 'error',
          action: { label: tr('common.retry'), run: () => void patch(id, change, options) },
        })
      }
      return false
    }
    if (options.undoable !== false && known) {
      const inverse = inverseOf(change, before)
      pushUndo({ label: tr('undo.change', { ticket: name(id) }), run: () => patch(id, inverse, { undoable: false }) })
    }
    return true
  }

  /** Take an unassigned ticket. Losing the race is told with the winner's name. */
  async function claim(id: number): Promise<boolean> {
    try {
      accept(await api.tickets.claim(id))
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const winner = error.body.assignee as { name?: string } | undefined
      const text = error.code === 'already-assigned' && winner?.name
        ? tr('errors.alreadyAssigned', { ticket: name(id), agent: winner.name })
        : tr('errors.changeFailed', { ticket: name(id), reason: reasonOf(error) })
      toast(text, { kind: 'error' })
      void refresh(id)
      return false
    }
  }

  async function setUnread(id: number, unread: boolean): Promise<void> {
    const known = rows.get(id)
    if (!known || known.unread === unread) return
    known.unread = unread
    try {
      await (unread ? api.tickets.markUnread(id) : api.tickets.markRead(id))
    } catch {
      known.unread = !unread
    }
  }

  /** A change somewhere: refetch the ticket when it is shown, mark it stale when it is only kept. */
  function applyEvent(event: LiveEvent): void {
    const id = event.ticketId
    if (id === null) return
    const known = threads.get(id)
    if (known) known.stale = true
    if (id === currentId.value || shown.has(id)) void refresh(id)
    else if (rows.has(id)) staleRows.add(id)
  }

  /** A list tells which of its rows can be seen. */
  function setShown(ids: number[]): void {
    shown = new Set(ids)
    for (const id of ids) if (staleRows.has(id)) void refresh(id)
  }

  /** After a gap that cannot be replayed: everything kept is stale, the shown ticket is read again. */
  function reset(): void {
    for (const known of threads.values()) known.stale = true
    if (currentId.value !== null) void refresh(currentId.value)
  }

  function forgetAll(): void {
    rows.clear()
    threads.clear()
    currentId.value = null
  }

  return {
    rows, threads, currentId, current, row, thread, name, upsertRow, upsertItem, removeItem, applyView, open, prefetch,
    refresh, loadOlder, patch, claim, setUnread, setShown, applyEvent, reset, forgetAll,
  }
})

/** Put back only what is still as we set it: a newer change by somebody else stays. */
function rollback(known: TicketRow, ours: Partial<TicketRow>, before: Partial<TicketRow>): void {
  for (const field of Object.keys(ours) as (keyof TicketRow)[]) {
    if (JSON.stringify(known[field]) === JSON.stringify(ours[field])) Object.assign(known, { [field]: before[field] })
  }
}

function inverseOf(change: TicketPatch, before: Partial<TicketRow>): TicketPatch {
  const inverse: Record<string, unknown> = {}
  for (const field of Object.keys(change)) {
    inverse[field] = field === 'assigneeId' ? (before.assignee?.id ?? null) : before[field as keyof TicketRow]
  }
  return inverse as TicketPatch
}

/** Why a request failed, in words for a message. */
export function reasonOf(error: ApiError): string {
  if (error.offline) return tr('errors.offline')
  if (error.status === 413) return tr('errors.tooLarge')
  return problemWords(error.errors[0]?.message || error.detail || error.title)
}
