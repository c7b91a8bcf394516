/**
 * Scrolling of a conversation: held at the end until the reader scrolls up, steady when older items come in.
 */
import { nextTick, onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** Nearer to the end than this many pixels counts as being at the end. */
const END_PX = 80

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
    if (!atEnd.value) return
    settling = true
    toEnd()
    requestAnimationFrame(() => (settling = false))
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
    observer = new ResizeObserver(onResize)
    if (content.value) observer.observe(content.value)
    if (box.value) observer.observe(box.value)
    toEnd()
  })
  onBeforeUnmount(() => {
    observer?.disconnect()
    box.value?.removeEventListener('scroll', onScroll)
  })

  return { atEnd, toEnd, keepPlace }
}
