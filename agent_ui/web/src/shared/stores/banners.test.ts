import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Banner } from '../api/mail'
import { fakeServer, json } from '../testing'
import { useBanners } from './banners'

const banner = (key: string, kind: Banner['kind']): Banner => ({ key, kind, data: {}, since: null, forAdmins: true })
const SILENT = banner('silent-1', 'mailbox_silent')
const EXPIRES = banner('expires-1', 'credentials_expire')

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('a reminder can be put aside for a day, a silent mailbox cannot', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  fakeServer(() => json(200, [SILENT, EXPIRES]))
  const banners = useBanners()
  await banners.load()
  for (const each of [SILENT, EXPIRES]) banners.dismiss(each)
  expect(banners.shown).toEqual([SILENT])
  setActivePinia(createPinia())
  const later = useBanners()
  await later.load()
  expect(later.shown).toEqual([SILENT])
  vi.setSystemTime(Date.now() + 25 * 3_600_000)
  await later.load()
  expect(later.shown).toEqual([SILENT, EXPIRES])
})

it('what is shown stays while the server is away, and goes when it has ended', async () => {
  const banners = useBanners()
  fakeServer(() => json(200, [SILENT]))
  await banners.load()
  fakeServer(() => {
    throw new TypeError('no network')
  })
  await banners.load()
  expect(banners.shown).toEqual([SILENT])
  fakeServer(() => json(200, []))
  await banners.load()
  expect(banners.shown).toEqual([])
})
