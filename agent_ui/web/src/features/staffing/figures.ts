/** How figures of staffing are written and drawn. */
import { locale } from '@/shared/i18n'
import type { HalfHour } from '@/shared/api/staffing'

const numbers = (options: Intl.NumberFormatOptions) => new Intl.NumberFormat(`${locale.value}-IN-u-nu-latn`, options)

export const share = (part: number, digits = 0) => numbers({ style: 'percent', maximumFractionDigits: digits }).format(part)
export const amount = (n: number) => numbers({ maximumFractionDigits: n < 10 ? 1 : 0 }).format(n)

/** 75 → "75 s", 7200 → "2 h": the largest unit in which the number is easily read. */
export function wait(seconds: number): string {
  const [value, unit] = seconds < 120 ? [seconds, 'second'] : seconds < 7200 ? [seconds / 60, 'minute'] : seconds < 172_800 ? [seconds / 3600, 'hour'] : [seconds / 86_400, 'day']
  return numbers({ style: 'unit', unit: unit as string, unitDisplay: 'short', maximumFractionDigits: (value as number) < 10 ? 1 : 0 }).format(value as number)
}

/** 630 → "10:30". */
export const clockOf = (minutes: number) => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

/** Half hours in which anything happens, with one to each side; all of them when nothing does. */
export function awake<T extends { start: number }>(halves: readonly T[], busy: (half: T) => boolean): T[] {
  const first = halves.findIndex(busy)
  if (first < 0) return [...halves]
  const last = halves.length - 1 - [...halves].reverse().findIndex(busy)
  return halves.slice(Math.max(0, first - 1), last + 2)
}
export const stirs = (half: HalfHour) => half.expected >= 0.5 || (half.agents ?? 1) > 0

/** A round number at or above the largest. */
export function top(values: readonly number[]): number {
  const most = Math.max(1, ...values)
  const step = 10 ** Math.floor(Math.log10(most))
  return Math.ceil(most / (step / 2)) * (step / 2)
}

const points = (values: readonly number[], most: number, width: number, height: number) =>
  values.map((value, at) => `${((at + 0.5) * width) / values.length},${height - (Math.min(value, most) * height) / most}`)

/** A line through the middle of each half hour. */
export const line = (values: readonly number[], most: number, width: number, height: number) => `M${points(values, most, width, height).join('L')}`

/** The ground between two lines. */
export const band = (low: readonly number[], high: readonly number[], most: number, width: number, height: number) =>
  `M${[...points(high, most, width, height), ...points(low, most, width, height).reverse()].join('L')}Z`

/** A line in steps, as people are there for a whole half hour. */
export function steps(values: readonly number[], most: number, width: number, height: number): string {
  const each = width / values.length
  return values.map((value, at) => `${at ? 'L' : 'M'}${at * each},${height - (value * height) / most}L${(at + 1) * each},${height - (value * height) / most}`).join('')
}
