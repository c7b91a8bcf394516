import { beforeAll, describe, expect, it } from 'vitest'
import { withWords } from '@/shared/i18n'
import { serverWords } from './serverWords'

beforeAll(() => withWords(Promise.resolve(), 'desk'))

describe('sentences of the server', () => {
  it.each([
    ['Asha Rao is available, has room, and has been idle longest', 'Asha Rao is available, has room, and has been idle longest'],
    ['Asha Rao is available, has room, and has been idle longest of 3 ready agents', 'Asha Rao is available, has room, and has been idle longest of 3 ready agents'],
    ['Waits: 1 at capacity, 2 not signed in', 'Waits: 1 × at capacity, 2 × not signed in'],
    ['at capacity (8 of 8)', 'at capacity (8 of 8)'],
    ['busy', 'Busy'],
    ['A rule of ours', 'A rule of ours'],
  ])('%s', (sentence, shown) => {
    expect(serverWords(sentence)).toBe(shown)
  })
})
