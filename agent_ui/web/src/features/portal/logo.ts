/** The logo of a brand while it is edited: what is saved, a picture that was chosen, or none; saved with the form. */
import { computed, onScopeDispose, ref, shallowRef } from 'vue'

export function useLogo(saved: () => string | null) {
  const file = shallowRef<File | null>(null)
  const removed = ref(false)
  const chosen = ref('')
  /** What stands on the pages once the form is saved. */
  const url = computed(() => chosen.value || (removed.value ? null : saved()))
  const pending = computed(() => file.value !== null || (removed.value && saved() !== null))

  function forget(): void {
    if (chosen.value) URL.revokeObjectURL(chosen.value)
    chosen.value = ''
    file.value = null
  }
  function choose(picture: File): void {
    forget()
    file.value = picture
    chosen.value = URL.createObjectURL(picture)
    removed.value = false
  }
  function takeAway(): void {
    forget()
    removed.value = true
  }
  function reset(): void {
    forget()
    removed.value = false
  }
  onScopeDispose(forget)
  return { file, removed, url, pending, choose, takeAway, reset }
}
