/** Choosing one's own presence: a refusal is told, and who goes away is asked about the work that waits for her. */
import { onScopeDispose, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '@/shared/api/client'
import { presenceApi } from '@/shared/api/presence'
import type { PresenceState } from '@/shared/api/types'
import { leftBehind, waits } from '@/shared/leftBehind'
import { reasonWords } from '@/shared/presence'
import { useSession } from '@/shared/session'
import { reasonOf } from '@/shared/stores/tickets'
import { toast } from '@/shared/toasts'

export function usePresence() {
  const { t } = useI18n()
  const session = useSession()
  return async (state: PresenceState, reason: string | null = null) => {
    try {
      await session.setPresence(state, reason)
      if (state !== 'break' && state !== 'offline') return
      const work = await presenceApi.myWork()
      if (session.presence === state && (state === 'offline' ? work.length : work.some(waits))) leftBehind.value = work
    } catch (error) {
      const why = error instanceof ApiError ? reasonOf(error) : t('errors.unknown')
      toast(t('presence.failed', { reason: why }), { kind: 'error' })
    }
  }
}

/** Tell her what a supervisor or the server has chosen for her; her window accepts it. */
export function usePresenceNotices(): void {
  const { t } = useI18n()
  const session = useSession()
  const stop = watch(() => session.standing, (now, before) => {
    if (session.state !== 'in' || now.source === 'self' || now.state === before.state) return
    const state = t(`presence.${now.state}`)
    if (now.source === 'supervisor') toast(t('presence.setBy', { name: now.setBy ?? '', state }), { seconds: 15 })
    else if (now.state === 'break' && now.reason) toast(t('presence.setByDesk', { state, reason: reasonWords(now.reason) }), { seconds: 15 })
    else if (before.state === 'wrap_up' && now.state === 'available') toast(t('presence.wrapUpOver'))
  })
  onScopeDispose(stop)
}
