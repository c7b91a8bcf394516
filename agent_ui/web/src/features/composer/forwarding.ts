/** Taking up a request to pass a message on: it stands below the words, its files are copied, nobody is addressed yet. */
import { watch } from 'vue'
import type { DraftStore } from '@/shared/drafts'
import { filesToCopy, forwardRequest, forwardSubject, type ForwardRequest } from '@/shared/sending/forward'
import { useTickets } from '@/shared/stores/tickets'
import type { Uploads } from './uploads'

interface Ports {
  ticketId: () => number
  drafts: DraftStore
  uploads: Uploads
  seen: () => string
  /** The draft is written: show it, and let the author say whom it goes to. */
  begun: () => void
}

function take({ ticketId, item }: ForwardRequest, ports: Ports): void {
  const subject = item.subject || (useTickets().row(ticketId)?.subject ?? '')
  ports.drafts.write(ticketId, 'reply', {
    forward: item.id,
    subject: forwardSubject(subject),
    recipients: { to: [], cc: [], bcc: [] },
    seen: ports.seen(),
  })
  ports.uploads.copy(ticketId, 'reply', filesToCopy(item))
  ports.begun()
}

export function useForwarding(ports: Ports): void {
  watch([forwardRequest, ports.ticketId], ([request, ticketId]) => {
    if (request?.ticketId !== ticketId) return
    forwardRequest.value = null
    take(request, ports)
  }, { immediate: true, flush: 'post' })
}
