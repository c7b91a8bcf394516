/** The server's answers, joined under what is known already; an old answer never overtakes a newer one. */
import { onScopeDispose, shallowRef, ref, watch, type Ref } from 'vue'
import { api } from '@/shared/api/endpoints'
import type { Registration } from '@/shared/api/products'
import type { CustomerBrief, TicketRow } from '@/shared/api/types'
import { useTickets } from '@/shared/stores/tickets'

const REST_MS = 160
interface Found { tickets: TicketRow[]; customers: CustomerBrief[]; products: Registration[] }
const NOTHING: Found = { tickets: [], customers: [], products: [] }

export function useRemoteSearch(text: Ref<string>, limit: number) {
  const tickets = useTickets()
  const found = shallowRef(NOTHING)
  const busy = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: AbortController | undefined

  async function ask(q: string): Promise<void> {
    running?.abort()
    const mine = (running = new AbortController())
    busy.value = true
    try {
      const answer = await api.search(q, limit, mine.signal)
      if (mine.signal.aborted) return
      found.value = { tickets: answer.tickets.map(tickets.upsertRow), customers: answer.customers, products: answer.products }
    } catch {
      // without the server the palette still has its commands and the known tickets
    } finally {
      if (running === mine) busy.value = false
    }
  }

  watch(text, (value) => {
    clearTimeout(timer)
    const q = value.trim()
    if (q.length < 2) {
      running?.abort()
      busy.value = false
      found.value = NOTHING
    } else timer = setTimeout(() => void ask(q), REST_MS)
  })
  onScopeDispose(() => {
    clearTimeout(timer)
    running?.abort()
  })

  return { found, busy }
}
