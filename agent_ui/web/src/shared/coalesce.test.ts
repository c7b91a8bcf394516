import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { coalesce } from './coalesce'
import { throttle } from './throttle'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('makes one run of many calls and one more of calls during it', async () => {
  const ends: (() => void)[] = []
  const run = vi.fn((_key: number) => new Promise<void>((resolve) => ends.push(resolve)))
  const ask = coalesce(run, 30)
  void ask(1)
  void ask(1)
  await vi.advanceTimersByTimeAsync(30)
  expect(run).toHaveBeenCalledTimes(1)
  const late = ask(1)
  void ask(1)
  await vi.advanceTimersByTimeAsync(100)
  expect(run).toHaveBeenCalledTimes(1)
  ends[0]!()
  await vi.advanceTimersByTimeAsync(0)
  expect(run).toHaveBeenCalledTimes(2)
  ends[1]!()
  await late
  void ask(1)
  await vi.advanceTimersByTimeAsync(30)
  expect(run).toHaveBeenCalledTimes(3)
})

it('keeps keys apart', async () => {
  const run = vi.fn(async (_key: number) => undefined)
  const ask = coalesce(run, 30)
  void ask(1)
  void ask(2)
  await vi.advanceTimersByTimeAsync(30)
  expect(run.mock.calls.map(([key]) => key)).toEqual([1, 2])
})

it('throttles a burst to a first and a last run', () => {
  const run = vi.fn()
  const soon = throttle(run, 2000)
  soon()
  soon()
  vi.advanceTimersByTime(50)
  expect(run).toHaveBeenCalledTimes(1)
  soon()
  vi.advanceTimersByTime(1900)
  expect(run).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(200)
  expect(run).toHaveBeenCalledTimes(2)
})
