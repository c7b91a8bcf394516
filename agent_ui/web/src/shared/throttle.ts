/** At most one run in `ms`: the first call runs soon (50 ms, so a burst is one), later ones at the end of the gap. */
export function throttle(run: () => void, ms: number): (() => void) & { cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = Number.NEGATIVE_INFINITY

  function ask(): void {
    if (timer !== undefined) return
    const wait = Math.max(50, last + ms - Date.now())
    timer = setTimeout(() => {
      timer = undefined
      last = Date.now()
      run()
    }, wait)
  }

  /** Forget the run that is planned. */
  function cancel(): void {
    clearTimeout(timer)
    timer = undefined
  }

  return Object.assign(ask, { cancel })
}
