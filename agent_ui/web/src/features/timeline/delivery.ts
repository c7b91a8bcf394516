/** What became of a sent message, as a tick, a colour and words. */
import { Ban, Check, CheckCheck, CircleAlert, CircleHelp, Clock3, type LucideIcon } from '@lucide/vue'
import type { Delivery } from '@/shared/api/types'

export type DeliveryState = Delivery['state']

export const DELIVERY_ICONS: Record<DeliveryState, LucideIcon> = {
  queued: Clock3,
  sending: Clock3,
  sent: Check,
  delivered: CheckCheck,
  failed: CircleAlert,
  unknown: CircleHelp,
  bounced: CircleAlert,
  cancelled: Ban,
}

const BROKEN: ReadonlySet<DeliveryState> = new Set<DeliveryState>(['failed', 'unknown', 'bounced'])

/** True when somebody has to act before the customer has the message. */
export function needsAttention(delivery: Delivery): boolean {
  return BROKEN.has(delivery.state)
}

/** A bounced mail goes out again only to another address; a lost one may simply be tried again. */
export function canRetry(delivery: Delivery): boolean {
  return delivery.state === 'failed' || delivery.state === 'unknown'
}

/** True while a reply waits for the moment its author chose. */
export function isScheduled(delivery: Delivery): boolean {
  return delivery.scheduled === true && delivery.state === 'queued' && delivery.sendAt !== null
}
