/** How the figures of the report are written. */
import { locale } from '@/shared/i18n'
import { longDate, shortDate } from '@/shared/time'
import type { Course, Satisfaction } from '@/shared/api/reports'

/** "4.2"; a figure without answers is a dash. */
export const average = (value: number | null): string =>
  value === null ? '–' : new Intl.NumberFormat(`${locale.value}-IN-u-nu-latn`, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value)

/** "84 %" of a share from 0 to 1. */
export const percent = (share: number | null): string =>
  share === null ? '–' : new Intl.NumberFormat(`${locale.value}-IN-u-nu-latn`, { style: 'percent', maximumFractionDigits: 0 }).format(share)

export const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null)

/** Scores from good to bad with their part of all answers. */
export const scoreLines = ({ scores, answered }: Satisfaction) =>
  [5, 4, 3, 2, 1].map((score) => ({ score, times: scores[score - 1] ?? 0, part: share(scores[score - 1] ?? 0, answered) ?? 0 }))

/** Reasons that were given, the most frequent first. */
export const reasonLines = ({ reasons }: Satisfaction) =>
  Object.entries(reasons).map(([reason, times]) => ({ reason, times })).sort((one, other) => other.times - one.times)

/** The first day of a step, in the fewest words. Days have no hour: noon in Greenwich is the same day from −12 to +11. */
export const stepName = (day: string, step: Course['step']): string =>
  step === 'month' ? new Intl.DateTimeFormat(`${locale.value}-IN-u-nu-latn`, { month: 'short', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${day}T12:00:00Z`)) : step === 'week' ? longDate(`${day}T12:00:00Z`) : shortDate(`${day}T12:00:00Z`)

