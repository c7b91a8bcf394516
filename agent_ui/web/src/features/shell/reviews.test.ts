import { expect, it } from 'vitest'
import type { LiveEvent } from '@/shared/api/types'
import { concerns } from './reviews'

const step = (kind: string, actor: number, authors: number[]): LiveEvent =>
  ({ t: 'event', cursor: '1', kind, ticketId: null, customerId: null, actor: { kind: 'agent', id: actor }, data: { article_id: 1, locale: 'en', author_ids: authors } })

it('tells those who may approve of a text that waits, but not its authors', () => {
  const asked = step('article.submitted', 2, [2, 3])
  expect([1, 2, 3].map((me) => concerns(asked, me, true))).toEqual([true, false, false])
  expect(concerns(asked, 1, false)).toBe(false)
})
it('tells the authors what was decided, and nobody of what she did herself', () => {
  for (const kind of ['article.approved', 'article.returned']) {
    expect([1, 2, 3].map((me) => concerns(step(kind, 1, [2, 3]), me, true))).toEqual([false, true, true])
    expect(concerns(step(kind, 2, [2]), 2, false)).toBe(false)
  }
  expect(concerns(step('article.saved', 1, [2]), 2, true)).toBe(false)
})
