/** How a mailbox does, in one word with a colour. */
import type { MailboxView } from '@/shared/api/mail'

export interface Standing {
  key: 'inactive' | 'notConnected' | 'alarm' | 'error' | 'waiting' | 'works' | 'listens'
  tone: 'ok' | 'warn' | 'bad' | 'plain'
  /** Words of the server that say more, or "". */
  detail: string
}

export function standingOf(view: MailboxView): Standing {
  const { status } = view
  if (!view.isActive) return { key: 'inactive', tone: 'plain', detail: '' }
  if (view.oauth && !view.oauth.connected) return { key: 'notConnected', tone: 'bad', detail: status.lastError ?? '' }
  if (status.alarm) return { key: 'alarm', tone: 'bad', detail: status.alarm }
  if (status.lastError) return { key: 'error', tone: 'warn', detail: status.lastError }
  if (!view.imap) return { key: 'listens', tone: 'ok', detail: '' }
  return status.lastSuccessAt ? { key: 'works', tone: 'ok', detail: '' } : { key: 'waiting', tone: 'plain', detail: '' }
}
