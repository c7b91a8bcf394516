/**
 * Many wishes for one result: calls within `waitMs` become one run; a call during a run leads to one more run after it.
 * The promise of a call settles after a run that began at or after the call.
 */
export function coalesce<K>(run: (key: K) => Promise<void>, waitMs: number): (key: K) => Promise<void> {
  const waiting = new Map<K, Promise<void>>()
  const running = new Map<K, Promise<void>>()

  return (key: K) => {
    const planned = waiting.get(key)
    if (planned) return planned
    const previous = running.get(key)
    const pause = previous ?? new Promise<void>((resolve) => setTimeout(resolve, waitMs))
    const next = pause.catch(() => undefined).then(() => {
      waiting.delete(key)
      const now = run(key).finally(() => {
        if (running.get(key) === now) running.delete(key)
      })
      running.set(key, now)
      return now
    })
    waiting.set(key, next)
    return next
  }
}
