/** Something small from the server, read again on the live events it depends on. What was read stays while it fails. */
import { onScopeDispose, shallowRef } from 'vue'
import { ApiError } from './api/client'
import { coalesce } from './coalesce'
import { useLive } from './stores/live'

export function useFresh<T>(ask: () => Promise<T>, kinds: RegExp) {
  const data = shallowRef<T | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const live = useLive()

  async function reload(): Promise<void> {
    try {
      data.value = await ask()
      error.value = null
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught
      error.value = caught
    }
  }

  const soon = coalesce<'all'>(reload, 400)
  const offEvent = live.onEvent((event) => {
    if (kinds.test(event.kind)) void soon('all')
  })
  const offReset = live.onReset(() => void soon('all'))
  onScopeDispose(() => {
    offEvent()
    offReset()
  })
  void reload()
  return { data, error, reload }
}
