/** A moment soon to come or just gone, as people say it: "today, 14:30", "tomorrow, 09:00", else the date. */
import { tr } from './i18n'
import { clockTime, dayKey, fullTime, now } from './time'

const DAY_MS = 86_400_000

export function whenWords(at: string): string {
  const day = dayKey(at)
  if (day === dayKey(now.value)) return tr('when.today', { t: clockTime(at) })
  if (day === dayKey(now.value + DAY_MS)) return tr('when.tomorrow', { t: clockTime(at) })
  return fullTime(at)
}
