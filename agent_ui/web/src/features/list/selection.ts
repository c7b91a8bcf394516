/** Which rows of a list are ticked, with ranges from the last ticked one. */
import { computed, shallowRef } from 'vue'

export function useSelection(ids: () => number[]) {
  const picked = shallowRef<ReadonlySet<number>>(new Set())
  let anchor: number | null = null

  const size = computed(() => picked.value.size)
  const has = (id: number) => picked.value.has(id)
  const list = () => ids().filter((id) => picked.value.has(id))

  function toggle(id: number): void {
    const next = new Set(picked.value)
    if (!next.delete(id)) next.add(id)
    anchor = id
    picked.value = next
  }

  /** Everything between the last ticked row and this one. */
  function extendTo(id: number): void {
    const all = ids()
    const to = all.indexOf(id)
    const from = anchor === null ? to : all.indexOf(anchor)
    if (to < 0) return
    const [low, high] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)]
    picked.value = new Set([...picked.value, ...all.slice(low, high + 1)])
    anchor ??= id
  }

  function all(): void {
    picked.value = new Set(ids())
  }

  function clear(): void {
    anchor = null
    if (picked.value.size) picked.value = new Set()
  }

  return { picked, size, has, list, toggle, extendTo, all, clear }
}

export type Selection = ReturnType<typeof useSelection>
