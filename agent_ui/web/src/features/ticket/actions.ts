/** What can be done with the open ticket: used by the header's menus and by the keys. */
import { ref, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '@/shared/api/client'
import { promisesApi } from '@/shared/api/responseTimes'
import type { Priority, Status } from '@/shared/api/types'
import { useCommand } from '@/shared/commands'
import { useSession } from '@/shared/session'
import { reasonOf, useTickets } from '@/shared/stores/tickets'
import { ticked } from '@/shared/ticked'
import { toast } from '@/shared/toasts'

export type TicketMenu = 'assign' | 'status' | 'priority' | 'tags' | 'snooze' | 'block' | 'macro'

export function useTicketActions(ticketId: Ref<number>, solved: () => void) {
  const { t } = useI18n()
  const tickets = useTickets()
  const session = useSession()
  /** The menu that stands open, if any. */
  const menu = ref<TicketMenu | null>(null)
  const known = () => tickets.row(ticketId.value) !== undefined
  /** Ticked tickets of the list come first (features/list/BulkBar.vue). */
  const alone = () => known() && ticked.value === 0

  const setStatus = (status: Status) => tickets.patch(ticketId.value, { status })
  const setPriority = (priority: Priority) => tickets.patch(ticketId.value, { priority })
  const snooze = (until: string | null) => tickets.patch(ticketId.value, { snoozedUntil: until })
  const assign = (agentId: number | null) => tickets.patch(ticketId.value, { assigneeId: agentId })

  function assignMe(): void {
    const row = tickets.row(ticketId.value)
    if (!row || row.assignee?.id === session.me) return
    void (row.assignee ? assign(session.me) : tickets.claim(row.id))
  }

  function toggleTag(tag: string): void {
    const tags = tickets.row(ticketId.value)?.tags ?? []
    void tickets.patch(ticketId.value, { tags: tags.includes(tag) ? tags.filter((other) => other !== tag) : [...tags, tag] })
  }

  function solve(): void {
    void setStatus('solved')
    solved()
  }

  async function noReplyNeeded(): Promise<void> {
    try {
      tickets.applyView(await promisesApi.noReplyNeeded(ticketId.value))
      toast(t('ticket.noReplyDone'))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      toast(t('ticket.noReplyFailed', { reason: reasonOf(error) }), { kind: 'error' })
    }
  }

  async function copyLink(): Promise<void> {
    await navigator.clipboard.writeText(`${location.origin}/console/tickets/${ticketId.value}`)
    toast(t('ticket.linkCopied', { id: ticketId.value }))
  }

  const open = (name: TicketMenu) => () => {
    menu.value = name
  }

  useCommand(
    { id: 'ticket.assign', group: 'ticket', keys: ['a'], when: alone, run: open('assign') },
    { id: 'ticket.assignMe', group: 'ticket', keys: ['i'], when: alone, run: assignMe },
    { id: 'ticket.status', group: 'ticket', keys: ['s'], when: alone, run: open('status') },
    { id: 'ticket.priority', group: 'ticket', keys: ['p'], when: alone, run: open('priority') },
    { id: 'ticket.tags', group: 'ticket', keys: ['t'], when: alone, run: open('tags') },
    { id: 'ticket.snooze', group: 'ticket', keys: ['h'], when: known, run: open('snooze') },
    { id: 'ticket.macro', group: 'ticket', when: alone, title: () => t('ticket.macro'), run: open('macro') },
    { id: 'ticket.solve', group: 'ticket', keys: ['e'], when: alone, run: solve },
    { id: 'ticket.noReply', group: 'ticket', when: () => Boolean(tickets.row(ticketId.value)?.waitingSince) && session.can('tickets:reply'), run: () => void noReplyNeeded() },
    { id: 'ticket.unread', group: 'ticket', keys: ['u'], when: known, run: () => void tickets.setUnread(ticketId.value, true) },
    { id: 'ticket.copyLink', group: 'ticket', keys: ['mod+.'], when: known, run: () => void copyLink() },
  )

  return { menu, setStatus, setPriority, snooze, assign, assignMe, toggleTag, noReplyNeeded, copyLink }
}
