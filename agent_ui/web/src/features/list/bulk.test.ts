import { describe, expect, it, vi } from 'vitest'
import { eachOf } from './bulk'

describe('bulk changes', () => {
  it('run a few at a time and name what failed', async () => {
    let running = 0
    let most = 0
    const done = vi.fn()
    const failed = await eachOf([1, 2, 3, 4, 5, 6, 7], async (id) => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running--
      return id % 3 !== 0
    }, done)
    expect(failed).toEqual([3, 6])
    expect(done).toHaveBeenCalledTimes(7)
    expect(most).toBeLessThanOrEqual(4)
  })
})
