/** How figures of a wallboard are written and when they are coloured. */
import type { PresenceState } from '@/shared/api/types'

export const STATES: readonly PresenceState[] = ['available', 'wrap_up', 'busy', 'break', 'offline']

/** "0:07", "12:30", "3:05 h", "15 h", from 100 hours on in days: a length of time that is read at a glance. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`
  const hours = Math.floor(seconds / 3600)
  if (hours < 10) return `${hours}:${two(Math.floor(seconds / 60) % 60)} h`
  return hours < 100 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}

/** Percent of promises that were kept; null where nothing was promised. */
export const share = (met: number, missed: number): number | null => (met + missed ? Math.round((met / (met + missed)) * 100) : null)

/** The colour of a number from which on it is a warning, and an alarm. */
export const level = (n: number, warn: number, bad: number): '' | 'text-warn' | 'text-bad' => (n >= bad ? 'text-bad' : n >= warn ? 'text-warn' : '')
