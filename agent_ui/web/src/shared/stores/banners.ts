/** What the whole desk has to know now: silent mailboxes, the pulled brake, credentials that end. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { mailApi, type Banner } from '../api/mail'
import { coalesce } from '../coalesce'
import { store } from '../storage'

/** A reminder may be put aside for a day; what stops mail may not. */
const HARMLESS: ReadonlySet<string> = new Set(['credentials_expire'])
const REST_MS = 24 * 3_600_000
/** Reminders begin by the calendar, and no event tells of that. */
const EVERY_MS = 300_000

export const useBanners = defineStore('banners', () => {
  const all = shallowRef<Banner[]>([])
  const asleep = ref<Record<string, number>>(read())
  let timer: ReturnType<typeof setInterval> | undefined

  const shown = computed(() => all.value.filter((banner) => !(asleep.value[banner.key]! > Date.now())))
  const mayDismiss = (banner: Banner) => HARMLESS.has(banner.kind)

  function read(): Record<string, number> {
    try {
      return JSON.parse(store.get('banners') ?? '{}') as Record<string, number>
    } catch {
      return {}
    }
  }

  function dismiss(banner: Banner): void {
    if (!mayDismiss(banner)) return
    const alive = Object.entries(asleep.value).filter(([, until]) => until > Date.now())
    asleep.value = { ...Object.fromEntries(alive), [banner.key]: Date.now() + REST_MS }
    store.set('banners', JSON.stringify(asleep.value))
  }

  /** Failures are left to the next call: without an answer what is shown stays. */
  async function load(): Promise<void> {
    all.value = await mailApi.banners().catch(() => all.value)
    // time has passed too: those put aside long ago come back
    asleep.value = { ...asleep.value }
  }
  const soon = coalesce<'all'>(load, 400)

  function start(): void {
    clearInterval(timer)
    timer = setInterval(() => void load(), EVERY_MS)
    void load()
  }
  function stop(): void {
    clearInterval(timer)
    all.value = []
  }

  return { all, shown, mayDismiss, dismiss, load, refresh: () => void soon('all'), start, stop }
})
