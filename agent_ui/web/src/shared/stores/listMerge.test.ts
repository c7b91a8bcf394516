import { describe, expect, it } from 'vitest'
import { mergeHead, neighbour } from './listMerge'

const top = { more: true, atTop: true, keep: null }

describe('a fresh first page', () => {
  it('is the list while the reader is at its top', () => {
    expect(mergeHead([1, 2, 3, 4, 5], [9, 1, 3], top)).toEqual({ ids: [9, 1, 3], held: [], restart: true })
  })
  it('holds new rows back while the reader has scrolled, drops those that left, keeps later pages', () => {
    expect(mergeHead([1, 2, 3, 4], [9, 1, 3], { ...top, atTop: false })).toEqual({ ids: [1, 3, 4], held: [9], restart: false })
  })
  it('drops everything that left when no page follows it', () => {
    expect(mergeHead([1, 2, 3], [9, 3], { more: false, atTop: false, keep: null })).toEqual({ ids: [3], held: [9], restart: true })
  })
  it('leaves a reader alone whose rows are all further down', () => {
    expect(mergeHead([1, 2, 3], [7, 8, 9], { ...top, atTop: false })).toEqual({ ids: [1, 2, 3], held: [7, 8, 9], restart: false })
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
