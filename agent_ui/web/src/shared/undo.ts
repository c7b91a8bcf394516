/** The stack behind `z`: every action that can be taken back pushes its inverse. */
import { computed, shallowReactive } from 'vue'

export interface UndoEntry {
  /** What is taken back, in the reader's language: "Status of #4711". */
  label: string
  run: () => void | Promise<unknown>
  /** Milliseconds since the epoch after which it can no longer be undone. */
  until?: number
}

const stack = shallowReactive<UndoEntry[]>([])

export function pushUndo(entry: UndoEntry): UndoEntry {
  stack.push(entry)
  if (stack.length > 20) stack.shift()
  return entry
}

export function dropUndo(entry: UndoEntry): void {
  const index = stack.indexOf(entry)
  if (index >= 0) stack.splice(index, 1)
}

export const undoTop = computed(() => stack.at(-1) ?? null)

/** Take back the latest action that is still in time. */
export async function undoLast(): Promise<UndoEntry | null> {
  while (stack.length) {
    const entry = stack.pop()!
    if (entry.until !== undefined && entry.until < Date.now()) continue
    await entry.run()
    return entry
  }
  return null
}
