/** Kinds of work, told by their channel where they have one. */
import { tr } from '@/shared/i18n'

export const kindWords = (kind: string): string => tr(kind.startsWith('call') ? `routing.kinds.${kind}` : `channel.${kind}`)
export const KINDS = ['call', 'callback', 'chat', 'sms', 'whatsapp', 'email', 'web'] as const
