/** What the palette finds at once in what the console already knows. */
import type { Command } from '@/shared/commands'
import type { TicketRow } from '@/shared/api/types'
import { fold } from '@/shared/text'

/** True when every typed word begins some word of the text, or the text contains the whole phrase. */
export function matches(text: string, typed: string): boolean {
  const wanted = fold(typed.trim())
  if (!wanted) return true
  const folded = fold(text)
  if (folded.includes(wanted)) return true
  const words = folded.split(/[\s:.,/()-]+/)
  return wanted.split(/\s+/).every((part) => words.some((word) => word.startsWith(part)))
}

/** Known tickets by number (with or without #), subject or customer; latest activity first. */
export function findTickets(rows: Iterable<TicketRow>, typed: string, limit = 6): TicketRow[] {
  const text = typed.trim().replace(/^#/, '')
  if (!text) return []
  const isNumber = /^\d+$/.test(text)
  if (!isNumber && text.length < 2) return []
  const found = [...rows].filter((row) => (isNumber && String(row.id).startsWith(text)) || matches(`${row.subject} ${row.customer.name}`, text))
  const exact = (row: TicketRow) => Number(String(row.id) === text)
  return found.sort((a, b) => exact(b) - exact(a) || b.lastActivityAt.localeCompare(a.lastActivityAt)).slice(0, limit)
}

/** Commands by title or group; those whose title is what was typed, or begins with it, come first. */
export function findCommands(
  commands: Command[], typed: string, titleOf: (command: Command) => string, groupOf: (command: Command) => string,
): Command[] {
  const wanted = fold(typed.trim())
  const rank = (command: Command): number => {
    const title = fold(titleOf(command))
    return !wanted || title === wanted ? 0 : title.startsWith(wanted) ? 1 : 2
  }
  return commands
    .filter((command) => !command.hidden && matches(`${titleOf(command)} ${groupOf(command)}`, typed))
    .sort((a, b) => rank(a) - rank(b))
}
