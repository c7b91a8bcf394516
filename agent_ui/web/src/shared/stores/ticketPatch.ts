/** What a change looks like on a row before the server has answered. */
import type { AgentBrief, TicketPatch, TicketRow } from '../api/types'

/** The fields of a row that a change sets. An unknown colleague gets a dash until the answer comes. */
export function rowChange(change: TicketPatch, agents: ReadonlyMap<number, AgentBrief>): Partial<TicketRow> {
  const { assigneeId, ...plain } = change
  const fields: Partial<TicketRow> = { ...plain }
  if (assigneeId === null) fields.assignee = null
  else if (assigneeId !== undefined) fields.assignee = { id: assigneeId, name: agents.get(assigneeId)?.name ?? '–' }
  return fields
}

/** The present values of the fields that `change` sets. */
export function changedFields(row: TicketRow, change: Partial<TicketRow>): Partial<TicketRow> {
  return Object.fromEntries(Object.keys(change).map((field) => [field, row[field as keyof TicketRow]]))
}
