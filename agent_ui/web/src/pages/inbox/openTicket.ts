/** What opening a ticket sets off: reading it, telling the others, marking it read, fetching its neighbours. */
import { onScopeDispose, watch, type Ref } from 'vue'
import { useLists } from '@/shared/stores/lists'
import { useLive } from '@/shared/stores/live'
import { useTickets } from '@/shared/stores/tickets'

/** A ticket counts as read when it was looked at for this long. */
const READ_AFTER_MS = 1_200
/** Neighbours are fetched when the hand rests, not while it runs down the list. */
const REST_MS = 350
/** Steps that follow each other faster than this are a run. */
const RUN_MS = 120

export function useOpenTicket(openId: Ref<number | null>): void {
  const tickets = useTickets()
  const lists = useLists()
  const live = useLive()
  let readTimer: ReturnType<typeof setTimeout> | undefined
  let restTimer: ReturnType<typeof setTimeout> | undefined
  let openTimer: ReturnType<typeof setTimeout> | undefined
  let movedAt = 0

  function neighbours(id: number): number[] {
    const at = lists.current.ids.indexOf(id)
    return at < 0 ? [] : [1, -1, 2, -2].flatMap((by) => lists.current.ids[at + by] ?? [])
  }

  function markRead(): void {
    const id = openId.value
    if (id !== null && document.visibilityState === 'visible') void tickets.setUnread(id, false)
  }

  function scheduleRead(): void {
    clearTimeout(readTimer)
    readTimer = setTimeout(markRead, READ_AFTER_MS)
  }

  function attend(): void {
    if (openId.value !== null) live.attend(openId.value, document.visibilityState === 'visible')
    scheduleRead()
  }

  /** A single step opens at once; while the hand runs down the list only the ticket it stops at is read. */
  function openSoon(id: number): void {
    tickets.currentId = id
    const running = Date.now() - movedAt < RUN_MS
    movedAt = Date.now()
    if (!running || tickets.thread(id)?.state === 'ready') void tickets.open(id)
    else openTimer = setTimeout(() => void tickets.open(id), RUN_MS)
  }

  watch(openId, (id) => {
    clearTimeout(restTimer)
    clearTimeout(openTimer)
    if (id === null) {
      tickets.currentId = null
      live.watch(null, 'looking')
      return
    }
    openSoon(id)
    attend()
    restTimer = setTimeout(() => tickets.prefetch(neighbours(id)), REST_MS)
  }, { immediate: true })

  // a message that arrives while the ticket is in front of the reader is read, too
  watch(() => (openId.value === null ? 0 : tickets.thread(openId.value)?.items.length), (count, before) => {
    if (before && count && count > before) scheduleRead()
  })
  document.addEventListener('visibilitychange', attend)
  onScopeDispose(() => {
    clearTimeout(readTimer)
    clearTimeout(restTimer)
    clearTimeout(openTimer)
    document.removeEventListener('visibilitychange', attend)
    tickets.currentId = null
    live.watch(null, 'looking')
  })
}
