/** Where the focus goes after a line was added, moved or taken away: the browser drops it when an element is moved. */
import { nextTick, type Ref } from 'vue'

/** Focuses the first of these that is there and can be used, once the page shows the change. */
export function useFocusAfter(root: Ref<HTMLElement | null>) {
  return async (...selectors: string[]): Promise<void> => {
    await nextTick()
    for (const selector of selectors) {
      const found = root.value?.querySelector<HTMLElement>(`${selector}:not(:disabled)`)
      if (found) return found.focus()
    }
  }
}

/** A copy of a list with one entry a step up or down. */
export function moved<T>(list: readonly T[], at: number, step: -1 | 1): T[] {
  const next = [...list]
  next.splice(at + step, 0, ...next.splice(at, 1))
  return next
}
