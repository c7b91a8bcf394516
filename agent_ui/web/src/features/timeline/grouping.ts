/**
 * From a ticket's items to the rows of its timeline: day lines, messages, notes and event lines.
 *
 * Events in a run are folded into one line ("5 changes") so that they never push the talk apart.
 */
import type { EventItem, Item, MessageItem, NoteItem } from '@/shared/api/types'

/** From this many events in a row on, a run is folded into one line. */
export const FOLD_FROM = 3

export type TimelineRow =
  | { row: 'day'; key: string; at: string }
  | { row: 'message'; key: string; item: MessageItem }
  | { row: 'undone'; key: string; item: MessageItem }
  | { row: 'note'; key: string; item: NoteItem }
  | { row: 'event'; key: string; item: EventItem }
  | { row: 'events'; key: string; items: EventItem[] }

/** Who got a ticket is told by the router's line, with its reason; the bare change beside it says nothing more. */
function withoutRepeats(run: EventItem[]): EventItem[] {
  return run.filter((item, at) => !(item.kind === 'ticket.assigned' && item.rule && run[at + 1]?.kind === 'ticket.routed'))
}

function eventRows(all: EventItem[]): TimelineRow[] {
  const run = withoutRepeats(all)
  const first = run[0]
  if (!first) return []
  // Keyed by the first event, so that a further event joins the open line instead of making a new one.
  if (run.length >= FOLD_FROM) return [{ row: 'events', key: `run:${first.key}`, items: run }]
  return run.map((item) => ({ row: 'event', key: item.key, item }))
}

/**
 * Rows from oldest to newest; `items` must be in that order already.
 * `dayOf` names the calendar day of a moment in the reader's time zone.
 */
export function groupTimeline(items: readonly Item[], dayOf: (at: string) => string): TimelineRow[] {
  const rows: TimelineRow[] = []
  let run: EventItem[] = []
  let day = ''
  for (const item of items) {
    const itemDay = dayOf(item.at)
    if (itemDay !== day || item.type !== 'event') {
      rows.push(...eventRows(run))
      run = []
    }
    if (itemDay !== day) {
      day = itemDay
      rows.push({ row: 'day', key: `day:${itemDay}`, at: item.at })
    }
    if (item.type === 'event') run.push(item)
    else if (item.type === 'note') rows.push({ row: 'note', key: item.key, item })
    else rows.push({ row: item.delivery?.state === 'cancelled' ? 'undone' : 'message', key: item.key, item })
  }
  rows.push(...eventRows(run))
  return rows
}
