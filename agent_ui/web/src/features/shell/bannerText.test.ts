import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { Banner } from '@/shared/api/mail'
import { i18n } from '@/shared/i18n'
import { now } from '@/shared/time'
import { useBannerText } from './bannerText'

function words() {
  let found: ReturnType<typeof useBannerText> | undefined
  mount(defineComponent({
    setup() {
      found = useBannerText()
      return () => h('i')
    },
  }), { global: { plugins: [i18n] } })
  return found!
}
const banner = (kind: Banner['kind'], data: Record<string, string>, since: string | null = null): Banner =>
  ({ key: `${kind}:12`, kind, data: { mailbox: 'Support', address: 'support@x.example', ...data }, since, forAdmins: false })

it('says since when no mail arrives, and why', () => {
  now.value = Date.parse('2026-11-22T12:00:00Z')
  const { textOf } = words()
  expect(textOf(banner('mailbox_silent', { reason: 'sign-in refused' }, '2026-11-22T09:12:00Z'))).toMatch(/^No mail has arrived at Support since \d\d?:\d\d.*: sign-in refused$/)
  expect(textOf(banner('mailbox_silent', { reason: 'sign-in refused' }))).toBe('No mail arrives at Support: sign-in refused')
})
it('counts the days until credentials end', () => {
  now.value = Date.parse('2026-11-22T12:00:00Z')
  const { textOf } = words()
  expect(textOf(banner('credentials_expire', { date: '2026-11-29' }))).toMatch(/ends in 7 days, on 29 Nov 2026\.$/)
  expect(textOf(banner('credentials_expire', { date: '2026-11-23' }))).toContain('ends in 1 day,')
  expect(textOf(banner('credentials_expire', { date: '2026-11-20' }))).toBe('The sign-in of Support has ended.')
})
it('leads only where the reader may go', () => {
  const { placeOf } = words()
  const can = vi.fn((permission: string) => permission === 'mailboxes:manage')
  expect(placeOf(banner('mailbox_silent', {}), can)?.to).toBe('/settings/mailboxes/12')
  expect(placeOf(banner('ledger_difference', { count: '3' }), can)).toBeNull()
  expect(placeOf(banner('ledger_difference', { count: '3' }), () => true)?.to).toBe('/mail?mailbox=Support')
  expect(placeOf(banner('automatic_mail_stopped', {}), () => false)).toBeNull()
})
