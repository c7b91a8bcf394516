/**
 * Replies and notes on their way to the server.
 *
 * A post is written here first and removed when the server has taken it, so it survives a lost connection, a reload
 * and a crash. Posts leave in the order of writing; each carries its `clientKey`, so a repeat is the same post.
 */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { ApiError } from '../api/client'
import { api } from '../api/endpoints'
import type { NoteInput, ReplyInput, SentResult } from '../api/types'
import { coalesce } from '../coalesce'
import { openOutbox, type OutboxEntry, type OutboxStore } from '../outboxStore'
import { problemWords } from '../problemWords'
import { useSession } from '../session'
import { useTickets } from './tickets'

const RETRY_MS = 15_000

export type Submitted = { state: 'sent'; result: SentResult } | { state: 'queued' }

export const useOutbox = defineStore('outbox', () => {
  const entries = shallowRef<OutboxEntry[]>([])
  const session = useSession()
  const tickets = useTickets()
  let opened: Promise<OutboxStore> | undefined
  const database = () => (opened ??= openOutbox())
  let retryTimer: ReturnType<typeof setTimeout> | undefined

  const mine = computed(() => entries.value.filter((entry) => entry.agentId === session.me))
  /** How many wait for the connection (refused ones wait for their author instead). */
  const waiting = computed(() => mine.value.filter((entry) => !entry.refusal).length)
  const pendingFor = (ticketId: number) => mine.value.filter((entry) => entry.ticketId === ticketId)

  async function load(): Promise<void> {
    entries.value = await (await database()).all()
  }

  async function keep(entry: OutboxEntry): Promise<void> {
    entries.value = [...entries.value.filter((e) => e.clientKey !== entry.clientKey), entry].sort(
      (a, b) => a.createdAt - b.createdAt,
    )
    await (await database()).put(entry)
  }

  async function discard(clientKey: string): Promise<void> {
    entries.value = entries.value.filter((entry) => entry.clientKey !== clientKey)
    await (await database()).remove(clientKey)
  }

  async function post(entry: OutboxEntry): Promise<SentResult> {
    const result = entry.kind === 'reply'
      ? await api.tickets.reply(entry.ticketId, entry.body as ReplyInput)
      : await api.tickets.note(entry.ticketId, entry.body as NoteInput)
    tickets.upsertRow(result.ticket)
    tickets.upsertItem(entry.ticketId, result.item)
    await discard(entry.clientKey)
    return result
  }

  function mustWait(error: unknown): boolean {
    return error instanceof ApiError && (error.offline || error.status === 401 || error.status === 429)
  }

  /**
   * Send a reply or a note. Without a connection it is kept and "queued" comes back.
   *
   * Throws ApiError when the server refuses it (409 stale-reply, 422 …); it is then not kept: the text belongs to the
   * composer, which still has it.
   */
  async function submit(ticketId: number, kind: 'reply' | 'note', body: ReplyInput | NoteInput): Promise<Submitted> {
    const entry: OutboxEntry = {
      clientKey: body.clientKey, agentId: session.me, ticketId, kind, body, createdAt: Date.now(), tries: 1,
      refusal: null,
    }
    const behindOthers = waiting.value > 0
    await keep(entry)
    if (behindOthers) {
      void drain()
      return { state: 'queued' }
    }
    try {
      return { state: 'sent', result: await post(entry) }
    } catch (error) {
      if (mustWait(error)) {
        tryLater()
        return { state: 'queued' }
      }
      await discard(entry.clientKey)
      throw error
    }
  }

  async function drainAll(): Promise<void> {
    for (const entry of mine.value) {
      if (entry.refusal || !mine.value.includes(entry)) continue
      try {
        await post(entry)
      } catch (error) {
        if (mustWait(error)) {
          await keep({ ...entry, tries: entry.tries + 1 })
          return
        }
        if (!(error instanceof ApiError)) throw error
        await keep({ ...entry, refusal: { code: error.code, detail: problemWords(error.errors[0]?.message || error.detail || error.title), body: error.body } })
      }
    }
  }

  /** The connection may come back without a sign of it: a live line that outlived the gap, a proxy that answered. */
  function tryLater(): void {
    clearTimeout(retryTimer)
    retryTimer = setTimeout(() => void drain(), RETRY_MS)
  }

  async function run(): Promise<void> {
    clearTimeout(retryTimer)
    if (session.state !== 'in') return
    await load()
    await drainAll()
    if (waiting.value) tryLater()
  }

  /**
   * Send what waits, in order; stops at the first that cannot be delivered. One run at a time, over all tabs; a call
   * during a run leads to another one, since the run may just have met the end of the gap.
   */
  const drainOnce = coalesce<'all'>(() => ('locks' in navigator ? navigator.locks.request('sampark-outbox', run) : run()), 0)
  const drain = () => drainOnce('all')

  /** The author wants a refused post sent after all (`force` sends past newer messages). */
  async function retry(clientKey: string, force = false): Promise<void> {
    const entry = entries.value.find((e) => e.clientKey === clientKey)
    if (!entry) return
    const body = force && entry.kind === 'reply' ? { ...entry.body, force: true } : entry.body
    await keep({ ...entry, body, refusal: null })
    await drain()
  }

  return { entries, mine, waiting, pendingFor, load, submit, drain, retry, discard }
})
