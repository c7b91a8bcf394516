/** Holidays out of a calendar file (iCalendar, RFC 5545): events of whole days. */
import type { DayForm } from './form'

export interface Holiday {
  date: string
  name: string
}

const DAY_MS = 86_400_000
const LONGEST_DAYS = 31
const LONGEST_NAME = 100

const spoken = (text: string) => text.replace(/\\n/gi, ' ').replace(/\\(.)/g, '$1').replace(/\s+/g, ' ').trim().slice(0, LONGEST_NAME)

/** "20260303" as milliseconds in UTC; NaN for a moment, or a day that there is not. */
function dayOf(value: string | undefined): number {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(value ?? '') ?? []
  return year ? Date.UTC(Number(year), Number(month) - 1, Number(day)) : NaN
}

/** The value of a property in a line of an event: its parameters do not matter here. */
const valueOf = (lines: readonly string[], name: string) =>
  lines.map((line) => new RegExp(`^${name}(?:;[^:]*)?:(.*)$`, 'i').exec(line)?.[1]).find((value) => value !== undefined)

/** An event of every year falls into this one and the next. */
function starts(first: number, yearly: boolean, today: string): number[] {
  if (!yearly) return [first]
  const begun = new Date(first)
  const year = Number(today.slice(0, 4))
  return [year, year + 1].filter((each) => each >= begun.getUTCFullYear()).map((each) => Date.UTC(each, begun.getUTCMonth(), begun.getUTCDate()))
}

/** The days of a calendar, in order. `today` ("2026-03-02") says which years repeated events are wanted for. */
export function holidaysOf(file: string, today: string): Holiday[] {
  const lines = file.replace(/\r\n?/g, '\n').replace(/\n[ \t]/g, '').split('\n')
  const found: Holiday[] = []
  let event: string[] | null = null
  for (const line of lines) {
    if (/^BEGIN:VEVENT$/i.test(line.trim())) event = []
    else if (event && /^END:VEVENT$/i.test(line.trim())) {
      found.push(...daysOfEvent(event, today))
      event = null
    } else event?.push(line.trimEnd())
  }
  return found.sort((one, other) => one.date.localeCompare(other.date))
}

function daysOfEvent(event: readonly string[], today: string): Holiday[] {
  const first = dayOf(valueOf(event, 'DTSTART'))
  if (Number.isNaN(first) || /^cancelled$/i.test(valueOf(event, 'STATUS') ?? '')) return []
  const end = dayOf(valueOf(event, 'DTEND'))
  const length = Number.isNaN(end) ? 1 : Math.min(Math.max(1, (end - first) / DAY_MS), LONGEST_DAYS)
  const name = spoken(valueOf(event, 'SUMMARY') ?? '')
  const yearly = /FREQ=YEARLY/i.test(valueOf(event, 'RRULE') ?? '')
  return starts(first, yearly, today).flatMap((start) =>
    Array.from({ length }, (_, at) => ({ date: new Date(start + at * DAY_MS).toISOString().slice(0, 10), name })))
}

/** The days of a form with those of a calendar that are to come and are not there yet, in order. */
export function withHolidays(days: readonly DayForm[], holidays: readonly Holiday[], today: string): { days: DayForm[]; added: number } {
  const known = new Set(days.map((day) => day.date))
  const fresh: DayForm[] = []
  for (const { date, name } of holidays) {
    if (date < today || known.has(date)) continue
    known.add(date)
    fresh.push({ date, name, windows: [] })
  }
  return { days: inOrder([...days, ...fresh]), added: fresh.length }
}

/** Days by their date; those without one come last, where they were added. */
export const inOrder = (days: readonly DayForm[]): DayForm[] =>
  [...days].sort((one, other) => (one.date ?? '9').localeCompare(other.date ?? '9'))
