/** How a list takes in a fresh first page without losing the reader's place. */

export interface HeadMerge {
  ids: number[]
  /** New ids that were held back: the reader has scrolled down and the list must not jump. */
  held: number[]
  /** The rest of the known list no longer continues the head: the cursor of the head counts. */
  cut: boolean
}

/**
 * Known rows, a fresh first page, and whether more pages follow it.
 *
 * At the top the head simply replaces what it covers. Scrolled down, rows that left the view go, rows that are new
 * wait. `keep` (the open ticket) stays in any case, or solving a ticket would pull it from under its reader.
 */
export function mergeHead(known: number[], head: number[], options: { more: boolean; atTop: boolean; keep: number | null }): HeadMerge {
  const inHead = new Set(head)
  const inKnown = new Set(known)
  const lastCommon = known.findLastIndex((id) => inHead.has(id))
  const cut = options.more && known.length > 0 && lastCommon < 0
  const rest = !options.more || cut ? [] : known.slice(lastCommon + 1).filter((id) => !inHead.has(id))
  const covered = cut ? [] : known.slice(0, options.more ? lastCommon + 1 : known.length)
  if (options.atTop || known.length === 0) return { ids: keepIn([...head, ...rest], known, options.keep), held: [], cut }
  const stay = covered.filter((id) => inHead.has(id) || id === options.keep)
  const held = head.filter((id) => !inKnown.has(id))
  return { ids: cut ? known : [...stay, ...rest], held, cut: false }
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
