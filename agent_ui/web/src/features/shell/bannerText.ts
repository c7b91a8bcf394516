/** What a banner says, in the reader's language, and the page that helps. */
import { useI18n } from 'vue-i18n'
import type { Banner } from '@/shared/api/mail'
import { clockTime, dayKey, fullTime, longDate, now, count } from '@/shared/time'

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
    const name = String(data.name ?? '')
    const reason = String(data.reason ?? '')
    if (banner.kind === 'mailbox_silent') return since ? t('banners.silentSince', { name, t: moment(since), reason }) : t('banners.silent', { name, reason })
    if (banner.kind === 'automatic_mail_stopped') return since ? t('banners.stoppedSince', { t: moment(since), reason }) : t('banners.stopped', { reason })
    if (banner.kind === 'ledger_difference') return t('banners.difference', { name, n: count(Number(data.missing ?? 0)) }, Number(data.missing ?? 0))
    const days = Number(data.days ?? 0)
    const day = data.on ? longDate(`${String(data.on).slice(0, 10)}T12:00:00`) : ''
    return days > 0 ? t('banners.expires', { name, n: days, day }, days) : t('banners.expired', { name })
  }

  /** Only where the reader can do something about it. */
  function placeOf(banner: Banner, can: (permission: string) => boolean): Place | null {
    if (banner.kind === 'automatic_mail_stopped') return can('mailboxes:manage') ? { to: '/settings/automatic-mail', label: 'banners.toBrake' } : null
    if (banner.kind === 'ledger_difference') return can('ledger:read') ? { to: `/mail?mailbox=${encodeURIComponent(String(banner.data.name ?? ''))}`, label: 'banners.toLedger' } : null
    const id = Number(banner.data.accountId ?? 0)
    return id && can('mailboxes:manage') ? { to: `/settings/mailboxes/${id}`, label: 'banners.toMailbox' } : null
  }

  return { textOf, placeOf }
}
