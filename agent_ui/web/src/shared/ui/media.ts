/** Media queries as refs. */
import { onScopeDispose, ref, type Ref } from 'vue'

export function useMedia(query: string): Readonly<Ref<boolean>> {
  const list = matchMedia(query)
  const matches = ref(list.matches)
  const update = () => (matches.value = list.matches)
  list.addEventListener('change', update)
  onScopeDispose(() => list.removeEventListener('change', update))
  return matches
}

/** Room for views, list, ticket and details side by side. */
export const useWide = () => useMedia('(min-width: 1280px)')
/** Room for list and ticket side by side; below it they are two screens. */
export const useTwoPane = () => useMedia('(min-width: 1024px)')
