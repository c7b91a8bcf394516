/** What other panes put into the answer that is being written; the composer of the open ticket takes it. */
import { onScopeDispose } from 'vue'

type Taker = (ticketId: number, html: string) => boolean
const takers = new Set<Taker>()

/** Put HTML where the caret of the ticket's answer stands; false when nobody writes one. */
export function insertIntoAnswer(ticketId: number, html: string): boolean {
  return [...takers].some((take) => take(ticketId, html))
}

/** Take what is for this ticket, for the life of the calling component. */
export function useInserts(take: Taker): void {
  takers.add(take)
  onScopeDispose(() => takers.delete(take))
}
