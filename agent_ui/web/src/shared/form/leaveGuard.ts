/** Nobody loses what she typed into a form by a click beside it, a reload or a closed tab. */
import { onScopeDispose } from 'vue'
import { useI18n } from 'vue-i18n'
import { onBeforeRouteLeave, onBeforeRouteUpdate } from 'vue-router'

export function useLeaveGuard(dirty: () => boolean): void {
  const { t } = useI18n()
  const ask = () => !dirty() || window.confirm(t('settings.leave'))
  onBeforeRouteLeave(ask)
  onBeforeRouteUpdate((to, from) => to.path === from.path || ask())
  const warn = (event: BeforeUnloadEvent) => {
    if (dirty()) event.preventDefault()
  }
  window.addEventListener('beforeunload', warn)
  onScopeDispose(() => window.removeEventListener('beforeunload', warn))
}
