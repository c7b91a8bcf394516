import { describe, expect, it } from 'vitest'
import { step } from './listCommands'

describe('moving in the list', () => {
  it('stays inside and begins at the near end', () => {
    expect(step([1, 2, 3], 3, 1)).toBe(3)
    expect(step([1, 2, 3], null, 1)).toBe(1)
    expect(step([1, 2, 3], 99, -1)).toBe(3)
    expect(step([], 1, 1)).toBeNull()
  })
})
