/** One shared clock and the formats of dates, in the agent's language and time zone. */
import { computed, ref } from 'vue'
import { locale } from './i18n'

/** Now in milliseconds, moved every 15 s: ten thousand rows must not own a timer each. */
export const now = ref(Date.now())
setInterval(() => (now.value = Date.now()), 15_000)

const zone = ref<string | undefined>()

/** The agent's time zone; an unknown name falls back to the browser's. */
export function setTimeZone(name: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    zone.value = name || undefined
  } catch {
    zone.value = undefined
  }
}

/** Latin digits by default in every language (ids, times and counts stay comparable). */
const tag = computed(() => `${locale.value}-IN-u-nu-latn`)

function format(options: Intl.DateTimeFormatOptions) {
  const made = computed(() => new Intl.DateTimeFormat(tag.value, { timeZone: zone.value, ...options }))
  return (iso: string | number | Date) => glued(made.value.formatToParts(new Date(iso)))
}

/** A line never ends between "10:28" and "pm". */
function glued(parts: Intl.DateTimeFormatPart[]): string {
  return parts.map(({ type, value }, at) => {
    const beside = parts[at - 1]?.type === 'dayPeriod' || parts[at + 1]?.type === 'dayPeriod'
    return type === 'literal' && beside && !value.trim() ? '\u00a0' : value
  }).join('')
}

export const clockTime = format({ hour: 'numeric', minute: '2-digit' })
export const dayLine = format({ weekday: 'long', day: 'numeric', month: 'long' })
export const shortDate = format({ day: 'numeric', month: 'short' })
export const longDate = format({ day: 'numeric', month: 'short', year: 'numeric' })
export const weekdayTime = format({ weekday: 'short', hour: 'numeric', minute: '2-digit' })
export const fullTime = format({ dateStyle: 'medium', timeStyle: 'short' })

function range(options: Intl.DateTimeFormatOptions, zoned = true) {
  const made = computed(() => new Intl.DateTimeFormat(tag.value, { timeZone: zoned ? zone.value : 'UTC', ...options }))
  return (start: number, end: number) => made.value.formatRange(start, end)
}

const momentRange = range({ dateStyle: 'medium', timeStyle: 'short' })
const dayRange = range({ day: 'numeric', month: 'short', year: 'numeric' }, false)

/** "24 Nov 2026, 10:00 – 11:00". */
export const timeRange = (start: string, end: string | null) => momentRange(Date.parse(start), Date.parse(end ?? start))

const DAY_MS = 86_400_000
/** Days without a time of day mean the same days everywhere; `end` is the day after the last one. */
export const allDayRange = (start: string, end: string | null) => {
  const first = Date.parse(start.slice(0, 10))
  return dayRange(first, end ? Math.max(first, Date.parse(end.slice(0, 10)) - DAY_MS) : first)
}

/** The agent's time zone, "" for the browser's. */
export const zoneName = computed(() => zone.value ?? '')

const dayKeyFormat = computed(
  () => new Intl.DateTimeFormat('en-CA', { timeZone: zone.value, year: 'numeric', month: '2-digit', day: '2-digit' }),
)
/** "2026-11-22" in the agent's zone: groups a timeline by day. */
export const dayKey = (iso: string | number) => dayKeyFormat.value.format(new Date(iso))

const shortUnit = computed(() => {
  const make = (unit: string) =>
    new Intl.NumberFormat(tag.value, { style: 'unit', unit, unitDisplay: 'narrow', maximumFractionDigits: 0 })
  return { minute: make('minute'), hour: make('hour'), day: make('day') }
})

/** A length of time in its largest whole unit: "12m", "3h", "5d". */
export function shortSpan(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  if (minutes < 60) return shortUnit.value.minute.format(minutes)
  if (minutes < 1440) return shortUnit.value.hour.format(Math.floor(minutes / 60))
  return shortUnit.value.day.format(Math.floor(minutes / 1440))
}

const relative = computed(() => new Intl.RelativeTimeFormat(tag.value, { numeric: 'auto', style: 'long' }))

/** Age for a list row: a span up to a week, then the date. */
export function ago(iso: string): string {
  const age = now.value - Date.parse(iso)
  if (age < 60_000) return relative.value.format(0, 'second')
  return age < 7 * 86_400_000 ? shortSpan(age) : shortDate(iso)
}

const spoken = computed(() => new Intl.RelativeTimeFormat(tag.value, { numeric: 'auto', style: 'short' }))

/** Age in words for a sentence: "22 min. ago", from a week on the date. */
export function agoWords(iso: string): string {
  const minutes = Math.max(0, Math.floor((now.value - Date.parse(iso)) / 60_000))
  if (minutes < 1) return relative.value.format(0, 'second')
  if (minutes < 60) return spoken.value.format(-minutes, 'minute')
  if (minutes < 1440) return spoken.value.format(-Math.floor(minutes / 60), 'hour')
  return minutes < 7 * 1440 ? spoken.value.format(-Math.floor(minutes / 1440), 'day') : longDate(iso)
}

export interface Due {
  /** "bad" is overdue, "warn" has less than 30 minutes left. */
  level: 'bad' | 'warn' | ''
  text: string
}

/** The due badge. An overdue time is written with a minus sign, so that colour is not the only sign. */
export function due(iso: string | null): Due | null {
  if (!iso) return null
  const left = Date.parse(iso) - now.value
  if (left < 0) return { level: 'bad', text: `−${shortSpan(-left)}` }
  return { level: left < 30 * 60_000 ? 'warn' : '', text: shortSpan(left) }
}

/** The wall clock of somebody else's time zone, "" for an unknown zone. */
export function timeIn(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat(tag.value, { timeZone, hour: 'numeric', minute: '2-digit' }).format(now.value)
  } catch {
    return ''
  }
}

const numbers = computed(() => new Intl.NumberFormat(tag.value))
export const count = (n: number) => numbers.value.format(n)
/** At most one digit behind the point: weights of work. */
export const decimal = (n: number) => numbers.value.format(Math.round(n * 10) / 10)
/** Counters of views stop at 1000: "1,000+". */
export const countUpTo = (n: number, limit = 1000) => (n >= limit ? `${numbers.value.format(limit)}+` : numbers.value.format(n))

/** "340 kB" in the reader's language. */
export function fileSize(bytes: number): string {
  const [value, unit] = bytes < 1000 ? [bytes, 'byte'] : bytes < 1e6 ? [bytes / 1000, 'kilobyte'] : [bytes / 1e6, 'megabyte']
  return new Intl.NumberFormat(tag.value, {
    style: 'unit', unit: unit as string, unitDisplay: 'short', maximumFractionDigits: unit === 'megabyte' ? 1 : 0,
  }).format(value as number)
}

/** The days of the week in the reader's language, Monday first. */
export const weekdays = (weekday: 'long' | 'short') => {
  const made = new Intl.DateTimeFormat(tag.value, { weekday, timeZone: 'UTC' })
  return Array.from({ length: 7 }, (_, at) => made.format(Date.UTC(2024, 0, 1 + at)))
}
