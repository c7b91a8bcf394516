import { describe, expect, it } from 'vitest'
import { problemWords } from './problemWords'

const MISSING = 'Something is missing here.'

describe('what the decoder of the server says', () => {
  it.each([
    ['Expected `str` of length >= 1', MISSING],
    ['Expected `object` of length >= 1', MISSING],
    ['Expected `str`, got `null`', MISSING],
    ['Expected `int`, got `null`', MISSING],
    ['Object missing required field `name`', MISSING],
    ['Expected `int`, got `str`', 'Enter a whole number.'],
    ['Expected `int`, got `float`', 'Enter a whole number.'],
    ['Expected `int | null`, got `str`', 'Enter a whole number.'],
    ['Expected `int` >= 1', 'Enter 1 or more.'],
    ['Expected `float` >= 0.0', 'Enter 0 or more.'],
    ['Expected `float` <= 0.5', 'Enter 0.5 or less.'],
    ['Expected `array` of length >= 1', 'At least 1 entries are needed.'],
    ['Invalid RFC3339 encoded date', 'Enter a day of the calendar.'],
    ["Invalid enum value 'b'", 'Choose one of what is offered.'],
    ['Expected `str` of length >= 3', 'Some fields need attention'],
    ["Expected `str` matching regex '^a$'", 'Some fields need attention'],
    ['Expected `bool`, got `str`', 'Some fields need attention'],
    ['Object contains unknown field `x`', 'Some fields need attention'],
  ])('%s', (said, words) => expect(problemWords(said)).toBe(words))
})
