/**
 * Taking a reply back while the server still holds it: the newest send that can be undone, and the undoing.
 *
 * The server keeps the reply for some seconds, so a closed page sends all the same. The text returns into
 * the draft of the ticket it was written in, whichever ticket is open.
 */
import { computed, ref, shallowRef } from 'vue'
import { ApiError } from '@/shared/api/client'
import { api } from '@/shared/api/endpoints'
import type { MessageItem, SentResult } from '@/shared/api/types'
import { envelopeOf, type Draft, type DraftEnvelope } from '@/shared/drafts'
import { draftsOf } from '@/shared/drafts-live'
import { tr } from '@/shared/i18n'
import { useSession } from '@/shared/session'
import { reasonOf, useTickets } from '@/shared/stores/tickets'
import { toast } from '@/shared/toasts'
import { dropUndo, pushUndo, type UndoEntry } from '@/shared/undo'

export interface UndoableSend {
  ticketId: number
  deliveryId: number
  /** Milliseconds since 1970, by this page's clock. */
  until: number
  entry: UndoEntry
}

const TICK_MS = 250

/** Whom and how the replies of this page went, by delivery: a text that comes back still goes to the same people. */
const envelopes = new Map<number, DraftEnvelope>()

const latest = shallowRef<UndoableSend | null>(null)
const clock = ref(0)
let timer: ReturnType<typeof setInterval> | undefined

/** The send that can be taken back now, or null. */
export const undoableSend = computed(() => (latest.value && latest.value.until > clock.value ? latest.value : null))
/** Whole seconds left. */
export const undoSecondsLeft = computed(() => {
  const left = undoableSend.value ? undoableSend.value.until - clock.value : 0
  return Math.ceil(left / 1000)
})

function tick(): void {
  clock.value = Date.now()
  if (undoableSend.value) return
  clearInterval(timer)
  timer = undefined
}

/** Offers the undoing of an accepted reply; a note or a reply that is gone already offers nothing. */
export function offerUndo(ticketId: number, result: SentResult, draft?: Draft): void {
  const delivery = result.item.type === 'message' ? result.item.delivery : null
  if (delivery && draft) envelopes.set(delivery.id, envelopeOf(draft))
  if (delivery?.scheduled) {
    // It waits long enough to be taken back at its place; the key works as well.
    pushUndo({ label: tr('composer.undoLabel', { ticket: useTickets().name(ticketId) }), run: () => undoSend(ticketId, delivery.id, { quiet: true }) })
    return
  }
  if (!delivery?.undoUntil) return
  // The server's clock may differ from ours: the length is taken from the settings, not from its time stamp.
  const until = Date.now() + useSession().settings.undoSendSeconds * 1000
  const label = tr('composer.undoLabel', { ticket: useTickets().name(ticketId) })
  // The key that takes things back says so itself.
  const run = () => undoSend(ticketId, delivery.id, { quiet: true })
  latest.value = { ticketId, deliveryId: delivery.id, until, entry: pushUndo({ label, run, until }) }
  clock.value = Date.now()
  timer ??= setInterval(tick, TICK_MS)
}

/** What the server knows of a reply that another page sent; it does not tell blind copies. */
function envelopeFrom(item: MessageItem): Partial<DraftEnvelope> {
  const list = (people: MessageItem['to']): string[] => people.map((one) => one.address)
  const recipients = { to: list(item.to), cc: list(item.cc), bcc: [] }
  return { recipients, ...(item.ownAddress ? { from: item.ownAddress } : {}), ...(item.plain ? { plain: true } : {}) }
}

/** Takes a reply back into the draft of its ticket; too late is said, not thrown. */
export async function undoSend(ticketId: number, deliveryId: number, options: { quiet?: boolean } = {}): Promise<void> {
  const offered = latest.value
  if (offered?.deliveryId === deliveryId) {
    dropUndo(offered.entry)
    latest.value = null
  }
  const tickets = useTickets()
  try {
    const { draft, item } = await api.deliveries.undo(deliveryId)
    const envelope = envelopes.get(deliveryId)
    // Without its envelope what was passed on stands in the text, where nothing of it is lost.
    draftsOf(useSession().me).restore(draft, envelope ? item.html : item.html + (item.quotedHtml ?? ''), envelope ?? envelopeFrom(item))
    envelopes.delete(deliveryId)
    tickets.upsertItem(ticketId, item)
    if (!options.quiet && tickets.currentId !== ticketId) toast(tr('composer.undone', { ticket: tickets.name(ticketId) }))
    void tickets.refresh(ticketId)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const reason = error.code === 'too-late' ? tr('composer.undoTooLate') : reasonOf(error)
    toast(tr('composer.undoFailed', { ticket: tickets.name(ticketId), reason }), { kind: 'error' })
  }
}
