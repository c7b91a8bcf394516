/** Opening hours as their form has them: what reaches beyond midnight ends in the morning, as people say it. */
import type { Schedule, ScheduleInput, Times } from '@/shared/api/choices'

export interface Stretch {
  from: string
  until: string
}
export interface DayForm {
  date: string | null
  name: string
  windows: Stretch[]
}
export interface ScheduleForm {
  name: string
  timeZone: string
  weekly: Stretch[][]
  days: DayForm[]
}

export const USUAL: Stretch = { from: '09:00', until: '18:00' }
const DAY = 24 * 60

const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
const written = (all: number) => [Math.floor(all / 60), all % 60].map((part) => String(part).padStart(2, '0')).join(':')

/** "26:00" is two o'clock in the morning. */
const onClock = (time: string) => written(minutes(time) % DAY)

/** Whether it ends on the next day; what begins and ends at the same time takes the whole day round. */
export const overnight = ({ from, until }: Stretch) => from !== '' && until !== '' && minutes(until) <= minutes(from)

const stretchOf = ([from, until]: Times): Stretch => ({ from, until: onClock(until) })
const timesOf = (stretch: Stretch): Times => [stretch.from, overnight(stretch) ? written(minutes(stretch.until) + DAY) : stretch.until]

export function formOf(schedule: Schedule): ScheduleForm {
  return {
    name: schedule.name,
    timeZone: schedule.timeZone,
    weekly: schedule.weekly.map((windows) => windows.map(stretchOf)),
    days: schedule.days.map(({ date, name, windows }) => ({ date, name, windows: (windows as Times[]).map(stretchOf) })),
  }
}

/** What an unfinished form says is sent as it is: the server tells what is missing, at its place. */
export function inputOf(form: ScheduleForm): ScheduleInput {
  return {
    timeZone: form.timeZone.trim(),
    weekly: form.weekly.map((windows) => windows.map(timesOf)),
    days: form.days.map((day) => ({ date: day.date as string, name: day.name.trim(), windows: day.windows.map(timesOf) })),
  }
}

/** One more stretch of a day: after the last one, or the usual hours. */
export function oneMore(windows: readonly Stretch[]): Stretch {
  const last = windows.at(-1)
  if (!last?.until || overnight(last)) return { ...USUAL }
  const from = Math.min(minutes(last.until) + 60, DAY - 60)
  return { from: written(from), until: onClock(written(Math.min(from + 240, DAY))) }
}

export interface WeekLine {
  days: string
  times: string
}

/** A week in lines, with days that are alike in one: "Mon – Fri", "09:00 – 18:00". Closed days have no times. */
export function weekLines(weekly: readonly (readonly Times[])[], names: readonly string[]): WeekLine[] {
  const lines: (WeekLine & { first: number })[] = []
  weekly.forEach((windows, at) => {
    const times = windows.map(([from, until]) => `${from} – ${until === '24:00' ? until : onClock(until)}`).join(', ')
    const line = lines.at(-1)
    if (line?.times === times) line.days = `${names[line.first]} – ${names[at]}`
    else lines.push({ days: names[at] ?? '', times, first: at })
  })
  return lines.map(({ days, times }) => ({ days, times }))
}
