/** Moments at which a reply may leave later, on the wall clock of the agent's own time zone. */

export interface WallTime {
  year: number
  /** From 1. */
  month: number
  day: number
  hour: number
  minute: number
}

/** A reply may wait this long (the server's rule). */
export const FARTHEST_MS = 365 * 86_400_000
const MORNING = 9

function parts(at: Date, zone: string): WallTime & { second: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone || undefined, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric',
    minute: 'numeric', second: 'numeric',
  })
  const found = Object.fromEntries(format.formatToParts(at).map((part) => [part.type, Number(part.value)]))
  return { year: found.year!, month: found.month!, day: found.day!, hour: found.hour!, minute: found.minute!, second: found.second! }
}

/** What the clock on the wall says in a zone ("" for the browser's). */
export function wallTime(at: Date, zone: string): WallTime {
  const { year, month, day, hour, minute } = parts(at, zone)
  return { year, month, day, hour, minute }
}

/**
 * The moment at which the clock of a zone shows this. A day beyond the month's end runs on into the next month. A time
 * that a change of clocks leaves out becomes the one an hour later; of one that comes twice it is the first.
 */
export function momentAt(wall: WallTime, zone: string): Date {
  const wanted = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute)
  const offset = (at: number): number => {
    const shown = parts(new Date(at), zone)
    return Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second) - Math.floor(at / 1000) * 1000
  }
  // The offset of the day before and after: around a change of clocks the two differ.
  const candidates = [wanted - offset(wanted - 86_400_000), wanted - offset(wanted + 86_400_000)]
  const exact = candidates.filter((at) => at + offset(at) === wanted)
  return new Date(exact.length > 0 ? Math.min(...exact) : Math.max(...candidates))
}

export type LaterKey = 'morning' | 'tomorrow' | 'monday'

/** This morning while it is night, tomorrow morning, Monday morning unless that is tomorrow. */
export function laterChoices(now: Date, zone: string): { key: LaterKey; at: Date }[] {
  const today = wallTime(now, zone)
  const weekday = new Date(Date.UTC(today.year, today.month - 1, today.day)).getUTCDay()
  const untilMonday = ((8 - weekday) % 7) || 7
  const morning = (days: number): Date => momentAt({ ...today, day: today.day + days, hour: MORNING, minute: 0 }, zone)
  const choices: { key: LaterKey; at: Date }[] = []
  if (today.hour < MORNING - 2) choices.push({ key: 'morning', at: morning(0) })
  choices.push({ key: 'tomorrow', at: morning(1) })
  if (untilMonday > 1) choices.push({ key: 'monday', at: morning(untilMonday) })
  return choices
}

const two = (n: number): string => String(n).padStart(2, '0')

/** For a field of date and time: "2026-11-24T09:00" on the zone's clock. */
export function fieldValue(at: Date, zone: string): string {
  const { year, month, day, hour, minute } = wallTime(at, zone)
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`
}

/** The other way round; null for an empty or broken value. */
export function fieldMoment(value: string, zone: string): Date | null {
  const found = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})/.exec(value)
  if (!found) return null
  const [year, month, day, hour, minute] = found.slice(1).map(Number) as [number, number, number, number, number]
  return momentAt({ year, month, day, hour, minute }, zone)
}

/** Why a moment cannot be taken; a key under `composer.later`. */
export function laterProblem(at: Date | null, now: Date): 'missing' | 'past' | 'far' | null {
  if (!at) return 'missing'
  if (at.getTime() <= now.getTime()) return 'past'
  return at.getTime() - now.getTime() > FARTHEST_MS ? 'far' : null
}
