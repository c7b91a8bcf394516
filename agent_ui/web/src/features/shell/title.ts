/** The title of the window: where she is and how much is new; the dot on its icon. */
import { computed, onScopeDispose, reactive, watch, watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute } from 'vue-router'
import { useSession } from '@/shared/session'
import { settingsAt } from '@/shared/settings'
import { useTickets } from '@/shared/stores/tickets'
import { useViews } from '@/shared/stores/views'
import { drawIcon } from './icon'

/** Tickets with news since they were last looked at. */
export const unseen = reactive(new Set<number>())

const PLACES: Record<string, string> = {
  new: 'conversation.title', search: 'nav.search', customers: 'nav.customers', knowledge: 'nav.knowledge', floor: 'nav.floor', mail: 'nav.mail', preferences: 'nav.settings', settings: 'nav.desk',
}

/** The words for an address, as a key of the catalogue; none for one that names nothing of its own. */
export function placeOf(path: string): string | undefined {
  const page = settingsAt(path)
  return page ? `settings.${page.key}` : PLACES[path.split('/')[1] ?? '']
}

export function useTitle(): void {
  const { t } = useI18n()
  const route = useRoute()
  const session = useSession()
  const tickets = useTickets()
  const views = useViews()

  function seen(): void {
    if (document.visibilityState === 'visible' && tickets.currentId !== null) unseen.delete(tickets.currentId)
  }

  const place = computed(() => {
    if (route.meta.bare) return t('nav.floor')
    if (session.state !== 'in') return t('signIn.title')
    if (route.name === 'inbox') return tickets.current ? `#${tickets.current.id} ${tickets.current.subject}` : views.label(String(route.params.view))
    const key = placeOf(route.path)
    return key ? t(key) : ''
  })

  watchEffect(() => {
    const title = [place.value, session.settings.productName].filter(Boolean).join(' · ')
    document.title = unseen.size ? t('notice.title', { n: unseen.size, title }) : title
  })
  watch(() => unseen.size > 0, (dot) => drawIcon(dot, session.settings.brandHue), { flush: 'post' })
  watch(() => tickets.currentId, seen)
  watch(() => session.state, () => unseen.clear())
  document.addEventListener('visibilitychange', seen)
  window.addEventListener('focus', seen)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', seen)
    window.removeEventListener('focus', seen)
  })
}
