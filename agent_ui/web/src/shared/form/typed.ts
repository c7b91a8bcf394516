/** Whether somebody has typed into a form: it is not what it was when it was opened or loaded. */
import { computed, ref } from 'vue'

export function useTyped(form: () => unknown) {
  const written = () => JSON.stringify(form())
  const first = ref(written())
  const dirty = computed(() => written() !== first.value)
  /** What stands there now came from the server. */
  const settle = () => void (first.value = written())
  return { dirty, settle }
}
