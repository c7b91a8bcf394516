/** How a list takes in a fresh first page without losing the reader's place. */

export interface HeadMerge {
  ids: number[]
  /** New ids that were held back: the reader has scrolled down and the list must not jump. */
  held: number[]
  /** What follows the loaded rows is to be asked for with the head's cursor. */
  restart: boolean
}

/**
 * Known rows, a fresh first page, and whether more pages follow it.
 *
 * At the top the head is the list, later pages come again when they are scrolled to. Scrolled down, rows that left the
 * view go, rows that are new wait, later pages stay. `keep` (the open ticket) stays in any case, or solving a ticket
 * would pull it from under its reader.
 */
export function mergeHead(known: number[], head: number[], options: { more: boolean; atTop: boolean; keep: number | null }): HeadMerge {
  const inHead = new Set(head)
  const inKnown = new Set(known)
  const lastCommon = known.findLastIndex((id) => inHead.has(id))
  if (options.atTop || known.length === 0) return { ids: keepIn(head, known, options.keep), held: [], restart: true }
  const held = head.filter((id) => !inKnown.has(id))
  if (options.more && lastCommon < 0) return { ids: known, held, restart: false }
  const covered = options.more ? lastCommon + 1 : known.length
  const ids = known.filter((id, at) => at >= covered || inHead.has(id) || id === options.keep)
  return { ids, held, restart: !options.more }
}

function keepIn(ids: number[], known: number[], keep: number | null): number[] {
  if (keep === null || ids.includes(keep) || !known.includes(keep)) return ids
  const at = Math.min(known.indexOf(keep), ids.length)
  return [...ids.slice(0, at), keep, ...ids.slice(at)]
}

/** The neighbour to open when `id` is done: the next below, else the one above, else none. */
export function neighbour(ids: number[], id: number): number | null {
  const at = ids.indexOf(id)
  if (at < 0) return ids[0] ?? null
  return ids[at + 1] ?? ids[at - 1] ?? null
}
