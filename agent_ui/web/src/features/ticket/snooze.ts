/** Moments a ticket may sleep until, seen from now. */

export interface SnoozeChoice {
  key: 'snoozeHour' | 'snoozeEvening' | 'snoozeTomorrow' | 'snoozeWeek'
  at: Date
}

function atHour(from: Date, days: number, hour: number): Date {
  const day = new Date(from)
  day.setDate(day.getDate() + days)
  day.setHours(hour, 0, 0, 0)
  return day
}

/** In an hour, this evening (only before five), tomorrow and next Monday at nine, in the browser's time zone. */
export function snoozeChoices(now: Date): SnoozeChoice[] {
  const untilMonday = ((8 - now.getDay()) % 7) || 7
  const choices: SnoozeChoice[] = [{ key: 'snoozeHour', at: new Date(now.getTime() + 3_600_000) }]
  if (now.getHours() < 17) choices.push({ key: 'snoozeEvening', at: atHour(now, 0, 18) })
  choices.push({ key: 'snoozeTomorrow', at: atHour(now, 1, 9) })
  if (untilMonday > 1) choices.push({ key: 'snoozeWeek', at: atHour(now, untilMonday, 9) })
  return choices
}
