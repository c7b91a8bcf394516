/** localStorage that never throws: a full or forbidden store costs a convenience, not the page. */
export const store = {
  get(key: string): string | null {
    try {
      return localStorage.getItem(`sampark:${key}`)
    } catch {
      return null
    }
  },
  set(key: string, value: string): boolean {
    try {
      localStorage.setItem(`sampark:${key}`, value)
      return true
    } catch {
      return false
    }
  },
  remove(key: string): void {
    try {
      localStorage.removeItem(`sampark:${key}`)
    } catch {
      // nothing to do: the entry is unreachable anyway
    }
  },
  keys(prefix: string): string[] {
    try {
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(`sampark:${prefix}`))
        .map((key) => key.slice('sampark:'.length))
    } catch {
      return []
    }
  },
}
