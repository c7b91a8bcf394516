/** Talks with the loader on the customer's page. Both sides check origin, window and key of every message. */
import { settings } from './settings'

type Heard = (data: Record<string, unknown>) => void
const listeners = new Map<string, Heard>()

window.addEventListener('message', (event: MessageEvent<Record<string, unknown> | null>) => {
  if (event.source !== window.parent || event.origin !== settings.site || event.data?.sampark !== settings.key) return
  listeners.get(String(event.data.t))?.(event.data)
})

export function tellHost(t: string, more: object = {}): void {
  if (window.parent !== window) window.parent.postMessage({ sampark: settings.key, t, ...more }, settings.site)
}

export function onHost(t: string, heard: Heard): void {
  listeners.set(t, heard)
}
