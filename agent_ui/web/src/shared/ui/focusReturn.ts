/** A pop-over that a key opened gives the focus back to where it was, not to the hidden place it hangs on. */
import { watch } from 'vue'

/** Handler of `close-auto-focus`; `isOpen` is true while a pop-over of that kind stands open. */
export function useFocusReturn(isOpen: () => boolean): (event: Event) => void {
  let before: HTMLElement | null = null
  watch(isOpen, (open) => {
    if (open) before = document.activeElement instanceof HTMLElement ? document.activeElement : null
  }, { flush: 'sync' })
  return (event) => {
    if (!before) return
    event.preventDefault()
    before.focus()
    before = null
  }
}
