/** Short messages about what happened elsewhere: a failure, an undo. Never for a success one can see. */
import { shallowReactive } from 'vue'

export interface Toast {
  id: number
  kind: 'info' | 'error'
  text: string
  action?: { label: string; run: () => void }
}

export const toasts = shallowReactive<Toast[]>([])

let nextId = 1

/** Show a message for `seconds` (errors stay 12 s, they have to be read). Returns a function that takes it away. */
export function toast(text: string, options: Partial<Omit<Toast, 'id' | 'text'>> & { seconds?: number } = {}): () => void {
  const entry: Toast = { id: nextId++, kind: options.kind ?? 'info', text, action: options.action }
  const same = toasts.findIndex((t) => t.text === text)
  if (same >= 0) toasts.splice(same, 1)
  toasts.push(entry)
  if (toasts.length > 4) toasts.shift()
  const dismiss = () => {
    const index = toasts.indexOf(entry)
    if (index >= 0) toasts.splice(index, 1)
  }
  setTimeout(dismiss, (options.seconds ?? (entry.kind === 'error' ? 12 : 6)) * 1000)
  return dismiss
}
