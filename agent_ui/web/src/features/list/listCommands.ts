/** The keys of the list: moving, opening, ticking. */
import { useCommand } from '@/shared/commands'
import type { Selection } from './selection'

export interface ListMoves {
  ids: () => number[]
  cursor: () => number | null
  /** Put the cursor on a ticket (and show it where there is room beside the list). */
  moveTo: (id: number) => void
  openCursor: () => void
  refresh: () => void
  selection: Selection
}

/** The id `by` rows away from the cursor, held inside the list. */
export function step(ids: number[], cursor: number | null, by: number): number | null {
  if (!ids.length) return null
  const at = cursor === null ? -1 : ids.indexOf(cursor)
  if (at < 0) return by > 0 ? ids[0]! : ids.at(-1)!
  return ids[Math.min(ids.length - 1, Math.max(0, at + by))]!
}

export function useListCommands(moves: ListMoves): void {
  const { selection } = moves
  const any = () => moves.ids().length > 0

  function move(by: number): void {
    const id = step(moves.ids(), moves.cursor(), by)
    if (id !== null) moves.moveTo(id)
  }

  function extend(by: number): void {
    const from = moves.cursor()
    if (from !== null && !selection.size.value) selection.toggle(from)
    move(by)
    const to = moves.cursor()
    if (to !== null) selection.extendTo(to)
  }

  function toggle(): void {
    const id = moves.cursor()
    if (id !== null) selection.toggle(id)
  }

  useCommand(
    { id: 'list.next', group: 'list', keys: ['j', 'arrowdown'], when: any, hidden: true, run: () => move(1) },
    { id: 'list.previous', group: 'list', keys: ['k', 'arrowup'], when: any, hidden: true, run: () => move(-1) },
    { id: 'list.open', group: 'list', keys: ['enter', 'o'], when: () => moves.cursor() !== null, hidden: true, run: moves.openCursor },
    { id: 'list.select', group: 'list', keys: ['x'], when: () => moves.cursor() !== null, run: toggle },
    { id: 'list.extendDown', group: 'list', keys: ['shift+j', 'shift+arrowdown'], when: any, hidden: true, run: () => extend(1) },
    { id: 'list.extendUp', group: 'list', keys: ['shift+k', 'shift+arrowup'], when: any, hidden: true, run: () => extend(-1) },
    { id: 'list.selectAll', group: 'list', keys: ['mod+a'], when: () => any() && document.activeElement?.id === 'ticket-list', run: () => selection.all() },
    { id: 'list.refresh', group: 'list', run: moves.refresh },
  )
  useCommand({
    id: 'list.clear', group: 'list', keys: ['escape'], hidden: true, when: () => selection.size.value > 0, run: () => selection.clear(),
  })
}
