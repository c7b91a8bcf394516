/** Offers come and go with live events; a new one is heard, and told by the system where the page is not looked at. */
import { onScopeDispose } from 'vue'
import { useI18n } from 'vue-i18n'
import type { LiveEvent } from '@/shared/api/types'
import { notices, playSound } from '@/shared/notices'
import { useSession } from '@/shared/session'
import { useLive } from '@/shared/stores/live'
import { useOffers } from '@/shared/stores/offers'

export function useOfferNotices(): void {
  const { t } = useI18n()
  const session = useSession()
  const live = useLive()
  const offers = useOffers()

  async function onEvent(event: LiveEvent): Promise<void> {
    if (!/^offer\./.test(event.kind) || event.data.agent_id !== session.me) return
    if (event.kind === 'offer.ended') {
      offers.drop(Number(event.data.offer_id))
      return
    }
    await offers.load()
    const made = offers.open.find((one) => one.id === event.data.offer_id)
    if (!made) return
    playSound()
    if (!notices.desktop || document.hasFocus() || Notification.permission !== 'granted') return
    const notice = new Notification(t('notice.offered', { name: made.customer }), { body: made.subject, tag: `offer-${made.id}`, requireInteraction: true })
    notice.onclick = () => {
      window.focus()
      notice.close()
    }
  }

  void offers.load()
  const offEvent = live.onEvent((event) => void onEvent(event))
  const offReset = live.onReset(() => void offers.load())
  onScopeDispose(() => {
    offEvent()
    offReset()
    offers.open = []
  })
}
