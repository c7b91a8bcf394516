/** What the desk has put into the page: the widget's look, its words in the visitor's language, who may be asked what. */
export type Ask = 'off' | 'optional' | 'required'

export interface Opening {
  isOpen: boolean
  waiting: number
  nextAt: string | null
}

export interface Settings {
  key: string
  name: string
  site: string
  hue: number
  language: string
  texts: { title?: string; welcome?: string; offline?: string }
  fields: { name: Ask; email: Ask }
  opening: Opening
  words: Record<string, string | string[] | { one: string; many: string }>
}

export const settings: Settings = JSON.parse(document.getElementById('settings')?.textContent ?? '{}') as Settings

/** A sentence in the visitor's language. */
export function word(key: string, values: Record<string, string | number> = {}): string {
  const found = settings.words[key]
  const text = typeof found === 'string' ? found : key
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** A sentence about a number. */
export function words(key: string, n: number): string {
  const found = settings.words[key]
  if (typeof found !== 'object' || Array.isArray(found)) return key
  return (n === 1 ? found.one : found.many).replace('{n}', String(n))
}

/** Several sentences under one key. */
export function list(key: string): string[] {
  const found = settings.words[key]
  return Array.isArray(found) ? found : []
}

const LOCALE = `${settings.language}-IN-u-nu-latn`

/** The time of day of a message, in the visitor's own zone. */
export function timeOf(at: string): string {
  return new Intl.DateTimeFormat(LOCALE, { hour: 'numeric', minute: '2-digit' }).format(new Date(at))
}

/** A moment to come, in the visitor's own zone. */
export function momentOf(at: string): string {
  return new Intl.DateTimeFormat(LOCALE, { weekday: 'long', hour: 'numeric', minute: '2-digit' }).format(new Date(at))
}
