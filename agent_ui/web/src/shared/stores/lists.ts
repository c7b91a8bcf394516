/** The ticket lists of the views: ids in order, pages by cursor, kept while the reader is elsewhere. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'
import { ApiError } from '../api/client'
import { api } from '../api/endpoints'
import type { Status } from '../api/types'
import { store } from '../storage'
import { throttle } from '../throttle'
import { mergeHead, neighbour } from './listMerge'
import { useTickets } from './tickets'

export type Sort = 'due' | 'activity'

export interface TicketList {
  key: string
  ids: number[]
  next: string | null
  state: 'loading' | 'ready' | 'error'
  error: ApiError | null
  loadingMore: boolean
  /** New tickets above the reader's place. */
  held: number[]
  scrollTop: number
}

const PAGE = 50
const KEEP_LISTS = 12

export const useLists = defineStore('lists', () => {
  const tickets = useTickets()
  const view = ref('mine')
  const sort = ref<Sort>(store.get('list.sort') === 'activity' ? 'activity' : 'due')
  const status = ref<Status | ''>('')
  const lists = shallowReactive(new Map<string, TicketList>())

  const key = computed(() => `${view.value}|${sort.value}|${status.value}`)
  const current = computed<TicketList>(() => lists.get(key.value) ?? blank(key.value))

  function blank(listKey: string): TicketList {
    return shallowReactive<TicketList>({
      key: listKey, ids: [], next: null, state: 'loading', error: null, loadingMore: false, held: [], scrollTop: 0,
    })
  }

  function ensure(listKey: string): TicketList {
    const known = lists.get(listKey) ?? blank(listKey)
    lists.delete(listKey)
    lists.set(listKey, known)
    for (const old of lists.keys()) if (lists.size > KEEP_LISTS && old !== listKey) lists.delete(old)
    return known
  }

  async function page(cursor?: string) {
    const found = await api.tickets.list({
      view: view.value, sort: sort.value, status: status.value || undefined, cursor, limit: PAGE,
    })
    for (const row of found.items) tickets.upsertRow(row)
    return { ids: found.items.map((row) => row.id), next: found.next }
  }

  /** Read the first page and work it in; what is shown stays until the answer is there, and on failure. */
  async function refreshNow(): Promise<void> {
    const list = ensure(key.value)
    if (list.state === 'error') list.state = 'loading'
    try {
      const head = await page()
      const keep = tickets.currentId
      const merged = mergeHead(list.ids, head.ids, { more: head.next !== null, atTop: list.scrollTop < 8, keep })
      list.ids = merged.ids
      list.held = merged.held
      // a list that ended has grown: what was loaded already is left out when the next page comes
      if (merged.restart || list.next === null) list.next = head.next
      list.state = 'ready'
      list.error = null
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      list.error = error
      list.state = list.ids.length ? 'ready' : 'error'
    }
  }

  /** After live events: soon, but not more often than every two seconds. */
  const refresh = throttle(() => void refreshNow(), 2_000)

  async function loadMore(): Promise<void> {
    const list = current.value
    if (list.loadingMore || list.next === null || list.state !== 'ready') return
    list.loadingMore = true
    try {
      const more = await page(list.next)
      const have = new Set(list.ids)
      list.ids = [...list.ids, ...more.ids.filter((id) => !have.has(id))]
      list.next = more.next
      list.error = null
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      list.error = error
    } finally {
      list.loadingMore = false
    }
  }

  /** Show what was held back; the caller scrolls to the top. */
  function showHeld(): void {
    current.value.scrollTop = 0
    void refreshNow()
  }

  function show(nextView: string): void {
    view.value = nextView
    ensure(key.value)
    void refreshNow()
  }

  function setSort(next: Sort): void {
    sort.value = next
    store.set('list.sort', next)
    show(view.value)
  }

  function setStatus(next: Status | ''): void {
    status.value = next
    show(view.value)
  }

  /** The ticket to go to when `id` is finished. */
  const after = (id: number) => neighbour(current.value.ids, id)

  function reset(): void {
    lists.clear()
    status.value = ''
  }

  return { view, sort, status, current, refreshNow, refresh, loadMore, showHeld, show, setSort, setStatus, after, reset, stop: refresh.cancel }
})
