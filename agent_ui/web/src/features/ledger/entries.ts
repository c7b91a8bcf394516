/** The ledger's entries page by page; a refresh brings what is new without losing the pages already read. */
import { computed, ref, shallowRef } from 'vue'
import { ApiError } from '@/shared/api/client'
import { mailApi, type LedgerItem, type LedgerQuery } from '@/shared/api/mail'

/** `first` is the newest page: its entries replace older copies, unknown ones go on top. */
export function merge(known: readonly LedgerItem[], first: readonly LedgerItem[]): LedgerItem[] {
  const fresh = new Map(first.map((item) => [item.id, item]))
  const kept = known.map((item) => fresh.get(item.id) ?? item)
  const ids = new Set(known.map((item) => item.id))
  return [...first.filter((item) => !ids.has(item.id)), ...kept].sort((a, b) => b.id - a.id)
}

export function useEntries(filter: () => LedgerQuery) {
  const items = shallowRef<LedgerItem[]>([])
  const next = ref<string | null>(null)
  const loaded = ref(false)
  const busy = ref(false)
  const error = shallowRef<ApiError | null>(null)
  let question = 0

  async function ask(cursor: string | undefined, take: (page: { items: LedgerItem[]; next: string | null }) => void): Promise<void> {
    const mine = ++question
    busy.value = true
    try {
      const page = await mailApi.ledger({ ...filter(), cursor })
      if (mine !== question) return
      take(page)
      loaded.value = true
      error.value = null
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught
      if (mine === question) error.value = caught
    } finally {
      if (mine === question) busy.value = false
    }
  }

  /** Another filter: begin anew. What is shown stays until the answer is here. */
  const restart = () => ask(undefined, (page) => {
    items.value = page.items
    next.value = page.next
  })
  const more = () => ask(next.value ?? undefined, (page) => {
    items.value = merge(page.items, items.value)
    next.value = page.next
  })
  /**
   * Bring the newest page. An entry that no longer fits the filter (a failed one that was processed) goes; when more
   * arrived than a page holds, there would be a hole, so the list begins anew.
   */
  const refresh = () => (busy.value ? Promise.resolve() : ask(undefined, (page) => {
    const lowest = page.items.at(-1)?.id ?? 0
    const meets = !page.next || items.value.some((item) => item.id >= lowest)
    const below = page.next ? items.value.filter((item) => item.id < lowest) : []
    const paged = meets && below.length > 0
    items.value = paged ? merge(below, page.items) : page.items
    if (!paged) next.value = page.next
  }))

  return { items, next, loaded, busy, error, empty: computed(() => loaded.value && !items.value.length), restart, more, refresh }
}
