import { expect, test } from 'vitest'
import { withCondition, without } from './question'

test('a condition is taken out however it was written, and only that one', () => {
  expect(without('pump status:open tag:red', 'status', 'open')).toBe('pump tag:red')
  expect(without('pump From:"Asha Rao" x', 'from', 'Asha Rao')).toBe('pump x')
  expect(without('status:opened', 'status', 'open')).toBe('status:opened')
})

test('a value that is chosen takes the place of the one before', () => {
  expect(withCondition('pump status:open', 'status', 'solved', ['open'])).toBe('pump status:solved')
  expect(withCondition('', 'tag', 'very red', [])).toBe('tag:"very red"')
})
