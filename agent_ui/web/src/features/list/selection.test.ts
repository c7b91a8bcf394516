import { describe, expect, it } from 'vitest'
import { useSelection } from './selection'

describe('selection', () => {
  it('extends from the last ticked row in both directions', () => {
    const chosen = useSelection(() => [1, 2, 3, 4, 5])
    chosen.toggle(3)
    chosen.extendTo(5)
    chosen.extendTo(2)
    expect(chosen.list()).toEqual([2, 3, 4, 5])
    chosen.toggle(4)
    expect(chosen.size.value).toBe(3)
    chosen.clear()
    expect(chosen.list()).toEqual([])
  })
})
