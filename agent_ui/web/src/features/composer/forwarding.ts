/** Taking up a request to pass a message on: its words as a quote, its files as copies, nobody addressed yet. */
import { watch } from 'vue'
import type { Attachment } from '@/shared/api/types'
import { isBlank, type DraftStore } from '@/shared/drafts'
import { tr } from '@/shared/i18n'
import { forwardHtml, forwardRequest, type ForwardRequest } from '@/shared/sending/forward'
import { fullTime } from '@/shared/time'
import { toast } from '@/shared/toasts'
import type { Uploads } from './uploads'

interface Ports {
  ticketId: () => number
  drafts: DraftStore
  uploads: Uploads
  seen: () => string
  /** The draft is written: show it, and let the author say whom it goes to. */
  begun: () => void
}

/** A file of the ticket as if it had been chosen from a disk: the new message gets a copy of its own. */
export async function copyOf(attachment: Attachment): Promise<File> {
  const answer = await fetch(attachment.url, { credentials: 'same-origin' })
  if (!answer.ok) throw new Error(attachment.name)
  return new File([await answer.blob()], attachment.name, { type: attachment.contentType })
}

async function copyFiles(request: ForwardRequest, uploads: Uploads): Promise<void> {
  const failed: string[] = []
  for (const attachment of request.item.attachments) {
    try {
      uploads.add(request.ticketId, 'reply', [await copyOf(attachment)])
    } catch {
      failed.push(attachment.name)
    }
  }
  if (failed.length > 0) toast(tr('composer.forwardFiles', { names: failed.join(', ') }), { kind: 'error' })
}

function take(request: ForwardRequest, ports: Ports): void {
  const { ticketId, item } = request
  const words = {
    title: tr('composer.forwarded.title'), from: tr('timeline.facts.from'), date: tr('timeline.facts.dated'),
    subject: tr('timeline.facts.subject'), to: tr('timeline.facts.to'),
  }
  const before = ports.drafts.read(ticketId, 'reply')
  const quote = forwardHtml(item, words, fullTime(item.datedAt ?? item.at))
  ports.drafts.write(ticketId, 'reply', {
    html: isBlank(before) ? quote : before.html + quote,
    recipients: { to: [], cc: [], bcc: [] },
    seen: ports.seen(),
  })
  void copyFiles(request, ports.uploads)
  ports.begun()
}

export function useForwarding(ports: Ports): void {
  watch([forwardRequest, ports.ticketId], ([request, ticketId]) => {
    if (request?.ticketId !== ticketId) return
    forwardRequest.value = null
    take(request, ports)
  }, { immediate: true, flush: 'post' })
}
