import { describe, expect, it } from 'vitest'
import type { Category } from '@/shared/api/knowledge'
import { moved, nameOf, tree } from './categories'

const category = (id: number, position: number, parentId: number | null = null, names: Record<string, string> = { en: `C${id}` }): Category =>
  ({ id, position, parentId, names, descriptions: {}, slug: `c${id}`, version: 1 })
const ALL = [category(1, 1), category(2, 0), category(3, 5, 2), category(4, 4, 2)]

describe('categories', () => {
  it('stand in their order, those inside below theirs', () => {
    expect(tree(ALL).map((branch) => [branch.category.id, branch.inside.map((one) => one.id)])).toEqual([[2, [4, 3]], [1, []]])
  })
  it('are named in the language asked for, else in another', () => {
    expect(nameOf(category(1, 0, null, { hi: 'फ्रिज', en: 'Fridges' }), 'hi')).toBe('फ्रिज')
    expect(nameOf(category(1, 0, null, { en: 'Fridges' }), 'bn')).toBe('Fridges')
    expect(nameOf(category(1, 0, null, { mr: 'फ्रीज' }), 'bn')).toBe('फ्रीज')
    expect(nameOf(category(1, 0, null, {}), 'bn')).toBe('c1')
  })
  it('move among their siblings and not past the ends', () => {
    expect(moved(ALL, 2, 1)).toEqual([{ id: 1, parentId: null, position: 0 }, { id: 2, parentId: null, position: 1 }])
    expect(moved(ALL, 2, -1)).toBeNull()
    expect(moved(ALL, 3, -1)).toEqual([{ id: 3, parentId: 2, position: 0 }, { id: 4, parentId: 2, position: 1 }])
    expect(moved(ALL, 99, 1)).toBeNull()
  })
})
