/** Lists of a rule that are changed line by line: the focus goes along, so that no mouse is needed. */
import type { Ref } from 'vue'
import { moved, useFocusAfter } from '@/shared/form/focus'

/** `path`: of the list in the rule; its lines have `data-line`, their buttons `data-move`, what adds has `data-add`. */
export function useLines<T>(root: Ref<HTMLElement | null>, path: () => string, list: () => readonly T[], set: (list: T[]) => void) {
  const focus = useFocusAfter(root)
  const place = (at: number) => `${path()}[${at}]`
  const first = (at: number) => [`[data-line="${place(at)}"] select`, `[data-line="${place(at)}"] input`, `[data-line="${place(at)}"] textarea`, `[data-line="${place(at)}"] [contenteditable]`]
  const put = (at: number, value: T) => set(list().map((one, where) => (where === at ? value : one)))

  async function add(value: T): Promise<void> {
    const at = list().length // the list itself is the page's, and follows later
    set([...list(), value])
    await focus(...first(at), `[data-add="${path()}"]`)
  }
  async function drop(at: number): Promise<void> {
    set(list().filter((_, where) => where !== at))
    await focus(`[data-add="${path()}"]`)
  }
  async function move(at: number, step: -1 | 1): Promise<void> {
    set(moved(list(), at, step))
    await focus(...[step, -step].map((way) => `[data-move="${place(at + step)}:${way}"]`))
  }
  return { place, put, add, drop, move }
}
