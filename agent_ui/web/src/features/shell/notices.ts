/** New messages for me: counted in the title of the window, heard, and told by the system. */
import { onScopeDispose } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import { api } from '@/shared/api/endpoints'
import type { LiveEvent } from '@/shared/api/types'
import { notices, playSound } from '@/shared/notices'
import { useSession } from '@/shared/session'
import { useLive } from '@/shared/stores/live'
import { useTickets } from '@/shared/stores/tickets'
import { fullTime } from '@/shared/time'
import { toast } from '@/shared/toasts'
import { unseen } from './title'

const TELL_AFTER_MS = 500

export function useNotices(): void {
  const { t } = useI18n()
  const router = useRouter()
  const session = useSession()
  const live = useLive()
  const tickets = useTickets()

  /** Of a ticket that is known the owner is known; only of an unknown one the server must be asked. */
  function concernsMe(event: LiveEvent, id: number): boolean {
    if (event.kind === 'ticket.assigned') return event.data.to_id === session.me && event.actor.id !== session.me
    if (event.kind === 'sla.warned') return toldMe(event)
    const row = tickets.row(id)
    return (event.kind === 'message.received' || event.kind === 'sla.breached') && (!row || row.assignee?.id === session.me)
  }

  /** A warning names whom it is told; the team's leads as well as the owner. */
  const toldMe = (event: LiveEvent): boolean => Array.isArray(event.data.told) && event.data.told.includes(session.me)

  async function onEvent(event: LiveEvent): Promise<void> {
    const id = event.ticketId
    if (id === null || !concernsMe(event, id)) return
    const ticket = tickets.row(id) ?? (await api.tickets.read(id).catch(() => null))
    const named = event.kind === 'ticket.assigned' || event.kind === 'sla.warned'
    if (!ticket || (!named && ticket.assignee?.id !== session.me)) return
    const looking = tickets.currentId === id && document.hasFocus()
    if (!looking) unseen.add(id)
    if (!looking) playSound()
    if (event.kind === 'ticket.assigned' && tickets.currentId !== id) tellOfNew(id, ticket.subject)
    if (event.kind === 'sla.warned') tellOfWarning(id, ticket.subject, String(event.data.due_at))
    const titles: Record<string, string> = { 'sla.warned': t('notice.warned'), 'ticket.assigned': t('notice.assigned'), 'sla.breached': t('notice.late') }
    showSystemNotice(id, titles[event.kind] ?? t('notice.newMessage', { name: ticket.customer.name }), ticket.subject)
  }

  /** Nothing is missed yet: said on the screen wherever she looks, with the way to the ticket. */
  function tellOfWarning(id: number, subject: string, due: string): void {
    const text = t('notice.warnedOf', { ticket: `#${id}`, subject, when: fullTime(due) })
    toast(text, { action: { label: t('notice.open'), run: () => void router.push(`/tickets/${id}`) }, seconds: 20 })
  }

  /** A list that is sorted by what is due may put a new ticket out of sight; several at once are told in one line. */
  const fresh = new Map<number, string>()
  let telling: ReturnType<typeof setTimeout> | undefined
  function tellOfNew(id: number, subject: string): void {
    fresh.set(id, subject)
    clearTimeout(telling)
    telling = setTimeout(() => {
      const [[first, words] = [0, '']] = fresh
      const one = fresh.size === 1
      const text = one ? t('notice.given', { ticket: `#${first}`, subject: words }) : t('notice.givenMany', { n: fresh.size })
      toast(text, { action: { label: t('notice.open'), run: () => void router.push(one ? `/inbox/mine/${first}` : '/inbox/mine') }, seconds: 10 })
      fresh.clear()
    }, TELL_AFTER_MS)
  }

  function showSystemNotice(id: number, title: string, body: string): void {
    if (!notices.desktop || document.hasFocus() || Notification.permission !== 'granted') return
    const notice = new Notification(title, { body: `#${id} ${body}`, tag: `ticket-${id}` })
    notice.onclick = () => {
      window.focus()
      void router.push(`/inbox/mine/${id}`)
      notice.close()
    }
  }

  const off = live.onEvent((event) => void onEvent(event))
  onScopeDispose(off)
}
