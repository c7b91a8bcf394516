/** What runs while somebody is signed in: the live socket, the heartbeat, the small lists, the outbox. */
import { onScopeDispose, watch } from 'vue'
import { api } from '@/shared/api/endpoints'
import type { LiveEvent } from '@/shared/api/types'
import { useSession } from '@/shared/session'
import { useBanners } from '@/shared/stores/banners'
import { useDirectory } from '@/shared/stores/directory'
import { useLists } from '@/shared/stores/lists'
import { useLive } from '@/shared/stores/live'
import { useVisitors } from '@/shared/stores/visitors'
import { useOutbox } from '@/shared/stores/outbox'
import { useTickets } from '@/shared/stores/tickets'
import { useViews } from '@/shared/stores/views'

/** Kinds that change no list and no counter. */
const QUIET = new Set(['ticket.read', 'agent.presence_changed', 'customer.changed'])
/** Kinds that are about no ticket, but may begin or end a banner. */
const DESK_WIDE = /^(mailbox|automatic_mail)\./

export function useDesk(): void {
  const session = useSession()
  const live = useLive()
  const views = useViews()
  const lists = useLists()
  const tickets = useTickets()
  const directory = useDirectory()
  const outbox = useOutbox()
  const banners = useBanners()
  let heartbeat: ReturnType<typeof setInterval> | undefined
  let owner = 0

  function onEvent(event: LiveEvent): void {
    if (DESK_WIDE.test(event.kind)) {
      banners.refresh()
      return
    }
    if (QUIET.has(event.kind) || session.state !== 'in') return
    if (event.kind === 'draft.changed' && lists.view !== 'drafts') return
    lists.refresh()
    views.refresh()
  }

  function refetch(): void {
    lists.refresh()
    views.refresh()
    banners.refresh()
    void directory.load()
  }

  function arrive(): void {
    if (owner && owner !== session.me) forget()
    owner = session.me
    live.start()
    useVisitors().start()
    void directory.load()
    void views.load()
    banners.start()
    void outbox.load().then(outbox.drain)
    clearInterval(heartbeat)
    heartbeat = setInterval(() => {
      // the socket is a sign of life itself; without it the server must hear us another way
      if (!live.connected) api.me.heartbeat().catch(() => undefined)
    }, session.settings.heartbeatSeconds * 1000)
  }

  /** Another person signed in on this page: nothing of the former one may be shown. */
  function forget(): void {
    tickets.forgetAll()
    lists.reset()
  }

  function leave(): void {
    clearInterval(heartbeat)
    lists.stop()
    views.stop()
    banners.stop()
    live.stop()
    if (!session.expired) forget()
  }

  const offEvent = live.onEvent(onEvent)
  const offReset = live.onReset(refetch)
  watch(() => session.state, (state) => (state === 'in' ? arrive() : leave()), { immediate: true })
  onScopeDispose(() => {
    offEvent()
    offReset()
    leave()
  })
}
