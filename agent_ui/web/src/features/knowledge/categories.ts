/** Categories as a tree of two levels, and the steps that change their order. */
import type { Category } from '@/shared/api/knowledge'

export interface Branch {
  category: Category
  inside: Category[]
}

const byPlace = (a: Category, b: Category) => a.position - b.position || a.id - b.id

export function tree(categories: readonly Category[]): Branch[] {
  const sorted = [...categories].sort(byPlace)
  return sorted
    .filter((one) => one.parentId === null)
    .map((category) => ({ category, inside: sorted.filter((one) => one.parentId === category.id) }))
}

/** The name in a language, else in English, else in whichever there is. */
export const nameOf = (category: Category, locale: string): string =>
  category.names[locale] ?? category.names.en ?? Object.values(category.names)[0] ?? category.slug

/** The places of all siblings after one of them has moved by a step; null when it stands at the end already. */
export function moved(categories: readonly Category[], id: number, step: -1 | 1): { id: number; parentId: number | null; position: number }[] | null {
  const own = categories.find((one) => one.id === id)
  if (!own) return null
  const siblings = categories.filter((one) => one.parentId === own.parentId).sort(byPlace)
  const from = siblings.indexOf(own)
  const to = from + step
  if (to < 0 || to >= siblings.length) return null
  siblings.splice(to, 0, ...siblings.splice(from, 1))
  return siblings.map((one, position) => ({ id: one.id, parentId: one.parentId, position }))
}
