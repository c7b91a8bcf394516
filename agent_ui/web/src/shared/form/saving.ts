/** Saving of a settings form: what is on its way, what the server found wrong, and nobody leaves unsaved. */
import { computed, nextTick, ref, type ShallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '../api/client'
import { reasonOf } from '../stores/tickets'
import { useComplaints } from './errors'
import { useLeaveGuard } from './leaveGuard'

export function useSaving(root: Readonly<ShallowRef<HTMLElement | null>>, dirty: () => boolean) {
  const { t } = useI18n()
  const { accept, clear, complained, focusFirst, homeless } = useComplaints()
  const state = ref<'' | 'busy' | 'saved'>('')
  const failure = ref<string[]>([])
  /** Somebody else was faster: what is shown here is old. */
  const stale = ref(false)
  const alarm = computed(() => (failure.value.length ? failure.value : complained.value ? [t('settings.fieldsWrong')] : []))
  useLeaveGuard(dirty)

  async function refused(error: ApiError): Promise<void> {
    const named = accept(error)
    stale.value = error.status === 412
    await nextTick()
    failure.value = named ? homeless(root.value) : [t('settings.failed', { reason: reasonOf(error) })]
    await focusFirst(root.value)
  }

  function forget(): void {
    clear()
    failure.value = []
    stale.value = false
  }

  /** Send the form; true once the server has it. */
  async function save(send: () => Promise<unknown>): Promise<boolean> {
    state.value = 'busy'
    forget()
    try {
      await send()
      state.value = 'saved'
      return true
    } catch (caught) {
      state.value = ''
      if (!(caught instanceof ApiError)) throw caught
      await refused(caught)
      return false
    }
  }

  return {
    save, forget, refused, alarm, stale, busy: computed(() => state.value === 'busy'), saved: computed(() => state.value === 'saved' && !dirty()),
  }
}
