/**
 * Message catalogues: English is in the shell, the others are loaded when chosen; sections that only some pages speak
 * come with those pages, in every language (`withWords`).
 */
import { computed } from 'vue'
import { createI18n } from 'vue-i18n'
import type { Locale } from '../api/types'
import { store } from '../storage'
import type whole from './en.json'
import en from './en.json?part=shell'
import type { Part } from './parts'

type Messages = typeof whole

export const LOCALES: { code: Locale; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'hi', name: 'हिन्दी' },
  { code: 'mr', name: 'मराठी' },
  { code: 'bn', name: 'বাংলা' },
  { code: 'kn', name: 'ಕನ್ನಡ' },
]

type Loader = () => Promise<{ default: object }>
const loaders: Record<Part, Record<Locale, Loader>> & { shell: Record<Exclude<Locale, 'en'>, Loader> } = {
  shell: {
    hi: () => import('./hi.json?part=shell'),
    mr: () => import('./mr.json?part=shell'),
    bn: () => import('./bn.json?part=shell'),
    kn: () => import('./kn.json?part=shell'),
  },
  desk: {
    en: () => import('./en.json?part=desk'),
    hi: () => import('./hi.json?part=desk'),
    mr: () => import('./mr.json?part=desk'),
    bn: () => import('./bn.json?part=desk'),
    kn: () => import('./kn.json?part=desk'),
  },
  knowledge: {
    en: () => import('./en.json?part=knowledge'),
    hi: () => import('./hi.json?part=knowledge'),
    mr: () => import('./mr.json?part=knowledge'),
    bn: () => import('./bn.json?part=knowledge'),
    kn: () => import('./kn.json?part=knowledge'),
  },
  products: {
    en: () => import('./en.json?part=products'),
    hi: () => import('./hi.json?part=products'),
    mr: () => import('./mr.json?part=products'),
    bn: () => import('./bn.json?part=products'),
    kn: () => import('./kn.json?part=products'),
  },
  widget: {
    en: () => import('./en.json?part=widget'),
    hi: () => import('./hi.json?part=widget'),
    mr: () => import('./mr.json?part=widget'),
    bn: () => import('./bn.json?part=widget'),
    kn: () => import('./kn.json?part=widget'),
  },
  portal: {
    en: () => import('./en.json?part=portal'),
    hi: () => import('./hi.json?part=portal'),
    mr: () => import('./mr.json?part=portal'),
    bn: () => import('./bn.json?part=portal'),
    kn: () => import('./kn.json?part=portal'),
  },
  choices: {
    en: () => import('./en.json?part=choices'),
    hi: () => import('./hi.json?part=choices'),
    mr: () => import('./mr.json?part=choices'),
    bn: () => import('./bn.json?part=choices'),
    kn: () => import('./kn.json?part=choices'),
  },
  rules: {
    en: () => import('./en.json?part=rules'),
    hi: () => import('./hi.json?part=rules'),
    mr: () => import('./mr.json?part=rules'),
    bn: () => import('./bn.json?part=rules'),
    kn: () => import('./kn.json?part=rules'),
  },
  routing: {
    en: () => import('./en.json?part=routing'),
    hi: () => import('./hi.json?part=routing'),
    mr: () => import('./mr.json?part=routing'),
    bn: () => import('./bn.json?part=routing'),
    kn: () => import('./kn.json?part=routing'),
  },
  office: {
    en: () => import('./en.json?part=office'),
    hi: () => import('./hi.json?part=office'),
    mr: () => import('./mr.json?part=office'),
    bn: () => import('./bn.json?part=office'),
    kn: () => import('./kn.json?part=office'),
  },
}
/** Parts that the page has asked for so far; another language needs them, too. */
const wanted = new Set<Part>()
/** Catalogues and parts of them that are there, as `hi:desk`. */
const there = new Set<string>(['en:shell'])

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

async function load(code: Locale, part: Part | 'shell'): Promise<void> {
  const name = `${code}:${part}`
  if (there.has(name)) return
  const read = (loaders[part] as Partial<Record<Locale, Loader>>)[code]
  if (!read) throw new Error(`There is no language ${code}.`)
  i18n.global.mergeLocaleMessage(code, (await read()).default)
  there.add(name)
}

/**
 * A page together with the words that it speaks: `() => withWords(import('./Page.vue'), 'office')`.
 *
 * Without the English words it fails as without its code; what is missing in another language shows in English.
 */
export async function withWords<T>(page: Promise<T>, ...parts: Part[]): Promise<T> {
  for (const part of parts) wanted.add(part)
  const english = parts.map((part) => load('en', part))
  const own = parts.map((part) => load(locale.value, part).catch(() => undefined))
  const [loaded] = await Promise.all([page, ...english, ...own])
  return loaded
}

/** Words of a part in a language that is not the page's, for what is shown as somebody else will see it. */
export const alsoIn = (code: Locale, part: Part): Promise<void> => load(code, part).catch(() => undefined)

/** Switch the language of the page; a catalogue that cannot be loaded leaves the present one. */
export async function setLocale(code: Locale): Promise<void> {
  const shell = await load(code, 'shell').then(() => true, () => false)
  if (!shell) return
  await Promise.allSettled([...wanted].map((part) => load(code, part)))
  i18n.global.locale.value = code
  document.documentElement.lang = code
  store.set('locale', code)
}
