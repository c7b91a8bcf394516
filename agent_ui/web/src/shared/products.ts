/** How a product is covered, how far a recall is, what an amount looks like: values and classes, no words. */
import type { CaseState, Recall, RecallInput } from '@/shared/api/products'
import { CASE_STATES } from '@/shared/api/products'
import type { Entitlement } from '@/shared/api/cover'
import type { Words } from '@/shared/api/portal'
import { filled } from '@/shared/words'

/** Colour only for meaning: green is covered, amber has ended, grey is nothing. */
export const STATE_LOOKS: Record<Entitlement, string> = {
  in_warranty: 'bg-ok-soft text-ok',
  contract: 'bg-info-soft text-info',
  expired: 'bg-warn-soft text-warn',
  none: 'bg-sunken text-ink-2',
}

export interface Share { state: CaseState; count: number; percent: number }

/** The parts of a recall in their order, and how many have come through. Percents add up to 100 where there is any. */
export function shares(progress: Record<string, number>): { parts: Share[]; total: number; done: number } {
  const counts = CASE_STATES.map((state) => progress[state] ?? 0)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const parts = CASE_STATES.map((state, at) => ({ state, count: counts[at]!, percent: total ? (counts[at]! * 100) / total : 0 }))
  return { parts, total, done: progress.done ?? 0 }
}

/** Title and text of a recall as words by language; the desk's own language (`source`) stands among the others. */
export function recallWords(recall: Pick<Recall, 'title' | 'text' | 'words'> | null, source: string): { titles: Words; texts: Words } {
  const told = Object.entries({ ...recall?.words, ...(recall && { [source]: recall }) })
  const of = (part: 'title' | 'text') => Object.fromEntries(told.map(([code, said]) => [code, said?.[part] ?? '']))
  return { titles: of('title'), texts: of('text') }
}

/** The way back: a language that says half of it is sent as it is, and the server says what it lacks. */
export function recallTold(titles: Words, texts: Words, source: string): Pick<RecallInput, 'title' | 'text' | 'words'> {
  const said = (code: string) => ({ title: titles[code]?.trim() ?? '', text: texts[code]?.trim() ?? '' })
  const others = Object.keys({ ...filled(titles), ...filled(texts) }).filter((code) => code !== source)
  return { ...said(source), words: Object.fromEntries(others.map((code) => [code, said(code)])) }
}

/** Lines such as "TF000100 - TF000200" or a single number become pairs; what else is typed comes back as it is. */
export function rangesOf(text: string): [string, string][] {
  return text.split('\n').map((line) => line.trim()).filter(Boolean).map((line) => {
    const [first = '', last = ''] = line.split(/\s*(?:–|—|\.\.|\s-\s|,|\sto\s)\s*/)
    return [first.trim(), (last || first).trim()]
  })
}

export const rangesText = (ranges: string[][]): string =>
  ranges.map(([first, last]) => (first === last ? first : `${first} – ${last}`)).join('\n')

/** A range of serial numbers as a product has them, made of its example: "TF123456" → "TF123400 – TF123499". */
export function exampleRange(example: string): string {
  const digits = /\d{1,2}$/.exec(example)?.[0].length ?? 0
  if (!digits) return ''
  const stem = example.slice(0, -digits)
  return rangesText([[stem + '0'.repeat(digits), stem + '9'.repeat(digits)]])
}

/** An amount in hundredths with its currency, in the reader's language. */
export function money(hundredths: number, currency: string, locale: string): string {
  try {
    return new Intl.NumberFormat(`${locale}-IN`, { style: 'currency', currency, numberingSystem: 'latn' }).format(hundredths / 100)
  } catch {
    return `${(hundredths / 100).toFixed(2)} ${currency}`
  }
}

/** A day without a time ("2028-01-15") as an instant that every time zone shows as that day. */
export const noon = (day: string): string => `${day}T12:00:00Z`
