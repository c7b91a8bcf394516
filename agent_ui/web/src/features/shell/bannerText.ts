/** What a banner says, in the reader's language, and the page that helps. */
import { useI18n } from 'vue-i18n'
import type { Banner } from '@/shared/api/mail'
import { clockTime, dayKey, fullTime, longDate, now, count } from '@/shared/time'

const DAY_MS = 86_400_000

/** The clock today, date and clock on other days. */
const moment = (iso: string) => (dayKey(iso) === dayKey(now.value) ? clockTime(iso) : fullTime(iso))

export interface Place {
  to: string
  label: string
}

export function useBannerText() {
  const { t } = useI18n()

  function textOf(banner: Banner): string {
    const { data, since } = banner
    const name = data.mailbox ?? data.address ?? ''
    const reason = data.reason ?? ''
    if (banner.kind === 'mailbox_silent') return since ? t('banners.silentSince', { name, t: moment(since), reason }) : t('banners.silent', { name, reason })
    if (banner.kind === 'automatic_mail_stopped') return since ? t('banners.stoppedSince', { t: moment(since), reason }) : t('banners.stopped', { reason })
    if (banner.kind === 'search_away') return t('banners.searchAway', { t: since ? moment(since) : '' })
    if (banner.kind === 'ledger_difference') return t('banners.difference', { name, n: count(Number(data.count)) }, Number(data.count))
    const end = Date.parse(data.date ?? '')
    const days = Math.ceil((end - now.value) / DAY_MS)
    const day = longDate(end + DAY_MS / 2)
    return days > 0 ? t('banners.expires', { name, n: days, day }, days) : t('banners.expired', { name })
  }

  /** Only where the reader can do something about it. */
  function placeOf(banner: Banner, can: (permission: string) => boolean): Place | null {
    if (banner.kind === 'automatic_mail_stopped') return can('ledger:read') ? { to: '/settings/automatic-mail', label: 'banners.toBrake' } : null
    if (banner.kind === 'ledger_difference') return can('ledger:read') ? { to: `/mail?mailbox=${encodeURIComponent(banner.data.mailbox ?? '')}`, label: 'banners.toLedger' } : null
    // "mailbox_silent:12"
    const id = Number(banner.key.split(':')[1])
    return id && can('mailboxes:manage') ? { to: `/settings/mailboxes/${id}`, label: 'banners.toMailbox' } : null
  }

  return { textOf, placeOf }
}
