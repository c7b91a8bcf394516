/** A list that comes page by page from the server: first page, more, errors, and only the newest question counts. */
import { ref, shallowRef } from 'vue'
import { ApiError } from './api/client'
import type { Page } from './api/types'

export function usePages<T>(ask: (cursor?: string) => Promise<Page<T>>) {
  const items = shallowRef<T[]>([])
  const next = ref<string | null>(null)
  const state = ref<'loading' | 'ready' | 'error'>('loading')
  const error = shallowRef<ApiError | null>(null)
  let question = 0

  async function load(more: boolean): Promise<void> {
    const mine = ++question
    if (!more && !items.value.length) state.value = 'loading'
    try {
      const page = await ask(more ? (next.value ?? undefined) : undefined)
      if (mine !== question) return
      items.value = more ? [...items.value, ...page.items] : page.items
      next.value = page.next
      error.value = null
      state.value = 'ready'
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught
      if (mine !== question) return
      error.value = caught
      state.value = items.value.length ? 'ready' : 'error'
    }
  }

  return { items, next, state, error, reload: () => load(false), more: () => load(true) }
}
