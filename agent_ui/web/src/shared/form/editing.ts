/**
 * What the editors of one thing share beside `useSaving`: what is saved of it, whether something is not, and the ways
 * back to that, on to what somebody else has saved, and away.
 */
import { computed, ref, shallowRef } from 'vue'
import { useLeaveGuard } from './leaveGuard'
import type { useSaving } from './saving'

interface Edited<T> {
  /** As it is saved; null for a new one. */
  saved: T | null
  /** What would be sent now. */
  written: () => unknown
  /** Shows it in the fields, and tells the page. */
  show: (thing: T) => void
  /** As the server has it now; nothing when it is gone. */
  newest: (thing: T) => Promise<T | undefined>
  remove: (thing: T) => Promise<void>
  /** Where the page goes once it is removed. */
  away: (thing: T) => Promise<unknown>
  /** Something that is not among what is written. */
  more?: () => boolean
}

export function useEditing<T>({ state, attempt, reset }: Pick<ReturnType<typeof useSaving>, 'state' | 'attempt' | 'reset'>, edited: Edited<T>) {
  const saved = shallowRef<T | null>(edited.saved)
  /** The question before it is removed. */
  const asking = ref(false)
  const leaving = ref(false)
  const now = () => JSON.stringify(edited.written())
  const kept = ref(now())
  const dirty = computed(() => !leaving.value && (edited.more?.() === true || now() !== kept.value))
  useLeaveGuard(() => dirty.value)

  /** What stands in the fields is saved. */
  function settle(thing: T): void {
    saved.value = thing
    kept.value = now()
  }

  function take(thing: T): void {
    edited.show(thing)
    settle(thing)
  }

  async function load(): Promise<void> {
    const known = saved.value
    await attempt(async () => {
      const found = known === null ? undefined : await edited.newest(known)
      if (found) take(found)
    })
    state.value = '' // nothing of this page was saved
  }

  function discard(): void {
    reset()
    if (saved.value !== null) take(saved.value)
  }

  async function remove(): Promise<void> {
    const thing = saved.value
    asking.value = false
    if (thing === null || !(await attempt(() => edited.remove(thing)))) return
    leaving.value = true
    await edited.away(thing)
  }

  return { saved, dirty, asking, settle, take, load, discard, remove }
}
