import { describe, expect, it } from 'vitest'
import { mergeHead, neighbour } from './listMerge'

const top = { more: true, atTop: true, keep: null }

describe('a fresh first page', () => {
  it('replaces what it covers and keeps the pages after it', () => {
    expect(mergeHead([1, 2, 3, 4, 5], [9, 1, 3], top)).toEqual({ ids: [9, 1, 3, 4, 5], held: [], cut: false })
  })
  it('is the whole list when nothing follows it', () => {
    expect(mergeHead([1, 2, 3], [3, 1], { ...top, more: false }).ids).toEqual([3, 1])
  })
  it('cuts off pages that no longer continue it', () => {
    expect(mergeHead([1, 2, 3], [7, 8, 9], top)).toEqual({ ids: [7, 8, 9], held: [], cut: true })
  })
  it('holds new rows back while the reader has scrolled, and drops those that left', () => {
    expect(mergeHead([1, 2, 3, 4], [9, 1, 3], { ...top, atTop: false })).toEqual({ ids: [1, 3, 4], held: [9], cut: false })
  })
  it('keeps the open ticket in its place', () => {
    expect(mergeHead([1, 2, 3], [1, 3], { ...top, keep: 2 }).ids).toEqual([1, 2, 3])
    expect(mergeHead([1, 2, 3], [1, 3], { more: false, atTop: false, keep: 2 }).ids).toEqual([1, 2, 3])
  })
  it('fills an empty list wherever the scroll bar says it is', () => {
    expect(mergeHead([], [4, 5], { ...top, atTop: false }).ids).toEqual([4, 5])
  })
})

describe('the next ticket', () => {
  it('is the one below, then the one above, then none', () => {
    expect(neighbour([1, 2, 3], 2)).toBe(3)
    expect(neighbour([1, 2, 3], 3)).toBe(2)
    expect(neighbour([3], 3)).toBeNull()
    expect(neighbour([1, 2], 9)).toBe(1)
  })
})
