/** How many tickets of the list are ticked: while there are some, the keys mean them and not the open ticket. */
import { onScopeDispose, ref, watch } from 'vue'

export const ticked = ref(0)

/** Keep the number while a list is shown. */
export function useTicked(size: () => number): void {
  watch(size, (n) => (ticked.value = n), { immediate: true, flush: 'sync' })
  onScopeDispose(() => (ticked.value = 0))
}
