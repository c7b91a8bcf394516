/** When somebody last pressed a key or moved the pointer in this window: the server asks, to know who is idle. */
let activeAt = Date.now()
const RESTED = 60_000
const listeners = new Set<() => void>()

function active(): void {
  const rested = Date.now() - activeAt >= RESTED
  activeAt = Date.now()
  if (rested) for (const tell of listeners) tell()
}

for (const name of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) {
  window.addEventListener(name, active, { passive: true, capture: true })
}

export const idleSeconds = () => Math.round((Date.now() - activeAt) / 1000)

/** Called with the first movement after a minute without any. Returns what ends it. */
export function whenBack(tell: () => void): () => void {
  listeners.add(tell)
  return () => listeners.delete(tell)
}
