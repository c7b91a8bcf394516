/** Message catalogues: English is in the shell, the others are loaded when chosen. */
import { computed } from 'vue'
import { createI18n } from 'vue-i18n'
import type { Locale } from '../api/types'
import { store } from '../storage'
import en from './en.json'

type Messages = typeof en

export const LOCALES: { code: Locale; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'hi', name: 'हिन्दी' },
  { code: 'mr', name: 'मराठी' },
  { code: 'bn', name: 'বাংলা' },
  { code: 'kn', name: 'ಕನ್ನಡ' },
]

const loaders: Record<Exclude<Locale, 'en'>, () => Promise<{ default: unknown }>> = {
  hi: () => import('./hi.json'),
  mr: () => import('./mr.json'),
  bn: () => import('./bn.json'),
  kn: () => import('./kn.json'),
}

/** CLDR puts 0 beside 1 in Hindi, Bangla and Kannada; English and Marathi have 1 alone. */
export const pluralIndex = (n: number, zeroIsOne: boolean) => (n === 1 || (zeroIsOne && n === 0) ? 0 : 1)
const rule = (zeroIsOne: boolean) => (n: number, choices: number) =>
  choices < 2 ? 0 : pluralIndex(Math.abs(n), zeroIsOne)

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  missingWarn: import.meta.env.DEV,
  fallbackWarn: import.meta.env.DEV,
  messages: { en } as Record<string, Messages>,
  pluralRules: { en: rule(false), mr: rule(false), hi: rule(true), bn: rule(true), kn: rule(true) },
})

export const locale = computed(() => i18n.global.locale.value as Locale)

/** Translate outside of components. */
export function tr(key: string, named: Record<string, unknown> = {}, plural?: number): string {
  return plural === undefined ? i18n.global.t(key, named) : i18n.global.t(key, named, plural)
}

/** Switch the language of the page; a catalogue that cannot be loaded leaves the present one. */
export async function setLocale(code: Locale): Promise<void> {
  if (code !== 'en' && !i18n.global.availableLocales.includes(code)) {
    const loaded = await loaders[code]?.().catch(() => null)
    if (!loaded) return
    i18n.global.setLocaleMessage(code, loaded.default as Messages)
  }
  i18n.global.locale.value = code
  document.documentElement.lang = code
  store.set('locale', code)
}
