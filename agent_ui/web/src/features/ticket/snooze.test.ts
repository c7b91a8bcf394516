import { describe, expect, it } from 'vitest'
import { snoozeChoices } from './snooze'

describe('snooze', () => {
  it('offers only moments to come, each once', () => {
    const monday = new Date(2026, 10, 23, 10, 0)
    expect(snoozeChoices(monday).map((c) => c.key)).toEqual(['snoozeHour', 'snoozeEvening', 'snoozeTomorrow', 'snoozeWeek'])
    expect(snoozeChoices(monday).at(-1)!.at).toEqual(new Date(2026, 10, 30, 9, 0))
    const sundayNight = new Date(2026, 10, 22, 20, 0)
    expect(snoozeChoices(sundayNight).map((c) => c.key)).toEqual(['snoozeHour', 'snoozeTomorrow'])
    expect(snoozeChoices(sundayNight).every((c) => c.at > sundayNight)).toBe(true)
  })
})
