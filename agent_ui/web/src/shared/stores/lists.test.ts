import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { fakeServer, json, row } from '../testing'
import { useLists } from './lists'

/** A server with `all` tickets in order, three a page. */
function pages(all: () => number[]) {
  return fakeServer((call) => {
    const query = new URLSearchParams(call.split('?')[1])
    const from = Number(query.get('cursor') ?? 0)
    const ids = all().slice(from, from + 3)
    return json(200, { items: ids.map((id) => row(id)), next: from + 3 < all().length ? String(from + 3) : null })
  })
}

beforeEach(() => setActivePinia(createPinia()))
afterEach(() => void vi.unstubAllGlobals())

it('loads further pages without doubles and knows the end', async () => {
  pages(() => [1, 2, 3, 4, 5])
  const lists = useLists()
  lists.show('open')
  await vi.waitFor(() => expect(lists.current.ids).toEqual([1, 2, 3]))
  await lists.loadMore()
  expect(lists.current.ids).toEqual([1, 2, 3, 4, 5])
  expect(lists.current.next).toBeNull()
})

it('notices that a list which had ended has grown at its end', async () => {
  let all = [1, 2, 3]
  pages(() => all)
  const lists = useLists()
  lists.show('open')
  await vi.waitFor(() => expect(lists.current.ids).toHaveLength(3))
  lists.current.scrollTop = 500
  all = [1, 2, 3, 4]
  await lists.refreshNow()
  await lists.loadMore()
  expect(lists.current.ids).toEqual([1, 2, 3, 4])
})

it('keeps what it has when the server is away and says so', async () => {
  pages(() => [1, 2])
  const lists = useLists()
  lists.show('open')
  await vi.waitFor(() => expect(lists.current.ids).toEqual([1, 2]))
  fakeServer(() => json(503, {}))
  await lists.refreshNow()
  expect(lists.current.ids).toEqual([1, 2])
  expect(lists.current.state).toBe('ready')
  expect(lists.current.error?.offline).toBe(true)
})

it('holds new tickets back below the top and shows them when asked', async () => {
  let all = [1, 2]
  pages(() => all)
  const lists = useLists()
  lists.show('open')
  await vi.waitFor(() => expect(lists.current.ids).toEqual([1, 2]))
  lists.current.scrollTop = 500
  all = [9, 1, 2]
  await lists.refreshNow()
  expect(lists.current.held).toEqual([9])
  expect(lists.current.ids).toEqual([1, 2])
  lists.showHeld()
  await vi.waitFor(() => expect(lists.current.ids).toEqual([9, 1, 2]))
  expect(lists.current.held).toEqual([])
})
