/**
 * Scrolling of a conversation: held at the end until the reader scrolls up, steady when older items come in.
 */
import { nextTick, onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** Nearer to the end than this many pixels counts as being at the end. */
const END_PX = 80
/** What a click opens (pictures, quotes, details) is there by then. */
const HELD_MS = 4_000

export interface LogScroll {
  /** True while new items scroll into view by themselves. */
  atEnd: Ref<boolean>
  toEnd(): void
  /** Runs `change` (which puts rows on top) without moving what the reader looks at. */
  keepPlace(change: () => Promise<void>): Promise<void>
}

export function useLogScroll(box: Ref<HTMLElement | null>, content: Ref<HTMLElement | null>): LogScroll {
  const atEnd = ref(true)
  let observer: ResizeObserver | undefined
  let settling = false
  /** Until then what grows was opened by the reader, who wants to go on looking where she looks. */
  let heldUntil = 0

  function toEnd(): void {
    atEnd.value = true
    const element = box.value
    if (element) element.scrollTop = element.scrollHeight
  }

  function onScroll(): void {
    const element = box.value
    if (!element || settling) return
    atEnd.value = element.scrollHeight - element.scrollTop - element.clientHeight < END_PX
  }

  /** Rows get their real height when they come near the view, pictures when they load. */
  function onResize(): void {
    if (Date.now() < heldUntil) return onScroll()
    if (!atEnd.value) return
    settling = true
    toEnd()
    requestAnimationFrame(() => (settling = false))
  }

  function onClick(event: MouseEvent): void {
    if (event.target instanceof Element && event.target.closest('button, summary')) heldUntil = Date.now() + HELD_MS
  }

  async function keepPlace(change: () => Promise<void>): Promise<void> {
    const anchor = firstVisible()
    const before = anchor?.getBoundingClientRect().top ?? 0
    await change()
    await nextTick()
    if (anchor?.isConnected && box.value) box.value.scrollTop += anchor.getBoundingClientRect().top - before
  }

  function firstVisible(): Element | undefined {
    const top = box.value?.getBoundingClientRect().top ?? 0
    return [...(content.value?.children ?? [])].find((row) => row.getBoundingClientRect().bottom > top)
  }

  onMounted(() => {
    box.value?.addEventListener('scroll', onScroll, { passive: true })
    box.value?.addEventListener('click', onClick, { capture: true })
    observer = new ResizeObserver(onResize)
    if (content.value) observer.observe(content.value)
    if (box.value) observer.observe(box.value)
    toEnd()
  })
  onBeforeUnmount(() => {
    observer?.disconnect()
    box.value?.removeEventListener('scroll', onScroll)
    box.value?.removeEventListener('click', onClick, { capture: true })
  })

  return { atEnd, toEnd, keepPlace }
}
