/** Canned replies with the ticket's values filled in by the server; the plain ones when it cannot be asked. */
import { api } from '@/shared/api/endpoints'
import type { Macro } from '@/shared/api/types'

const FRESH_MS = 60_000

interface Kept {
  at: number
  macros: Promise<readonly Macro[]>
}

/** One reading a minute and ticket, however many letters are typed after the slash. */
export function ticketMacros(plain: () => readonly Macro[], now: () => number = Date.now): (ticketId: number) => Promise<readonly Macro[]> {
  const kept = new Map<number, Kept>()
  return (ticketId) => {
    const known = kept.get(ticketId)
    if (known && now() - known.at < FRESH_MS) return known.macros
    const macros = api.macros(ticketId || undefined).catch(() => {
      kept.delete(ticketId)
      return plain()
    })
    kept.clear()
    kept.set(ticketId, { at: now(), macros })
    return macros
  }
}
