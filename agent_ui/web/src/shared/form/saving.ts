/**
 * What the forms of the settings share: one saving at a time, each complaint at its field, and a conflict of versions
 * with its two ways out (`newer`).
 */
import { computed, nextTick, ref, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '../api/client'
import { reasonOf } from '../stores/tickets'
import { pathOf, useComplaints } from './errors'

/** `reveal` opens what is folded around the fields of these paths. */
export function useSaving(root: Ref<HTMLElement | null>, reveal: (paths: string[]) => void = () => undefined) {
  const { t } = useI18n()
  const { accept, clear, complain, complained, focusFirst, homeless } = useComplaints()
  const state = ref<'' | 'busy' | 'saved'>('')
  const failure = ref<string[]>([])
  /** The version that somebody else has saved meanwhile. */
  const newer = ref<number | null>(null)
  const alarm = computed(() => (failure.value.length ? failure.value : complained.value ? [t('settings.fieldsWrong')] : []))

  function reset(): void {
    clear()
    failure.value = []
    newer.value = null
  }

  async function refused(error: ApiError): Promise<void> {
    if (error.code === 'precondition-failed') {
      newer.value = Number(error.body.version)
      return
    }
    const named = accept(error)
    reveal(error.errors.map(({ field }) => pathOf(field)))
    await nextTick()
    failure.value = named ? homeless(root.value) : [t('settings.failed', { reason: reasonOf(error) })]
    await focusFirst(root.value)
  }

  /** A form that was disabled while it was saved has lost the focus. */
  async function giveBack(focused: Element | null): Promise<void> {
    await nextTick()
    const lost = document.activeElement === null || document.activeElement === document.body
    if (lost && focused instanceof HTMLElement && focused.isConnected) focused.focus()
  }

  /** Do it and tell what became of it; true when it worked. Meanwhile (`busy`) nothing can be typed that would get lost. */
  async function attempt(act: () => Promise<void>): Promise<boolean> {
    const focused = document.activeElement
    state.value = 'busy'
    reset()
    try {
      await act()
      state.value = 'saved'
      await giveBack(focused)
      return true
    } catch (caught) {
      state.value = ''
      if (!(caught instanceof ApiError)) throw caught
      await giveBack(focused)
      await refused(caught)
      return false
    }
  }

  return { state, alarm, newer, attempt, reset, complain }
}
