import { afterEach, describe, expect, it, vi } from 'vitest'
import type { LedgerItem } from '@/shared/api/mail'
import { fakeServer, json } from '@/shared/testing'
import { merge, useEntries } from './entries'

const item = (id: number, state = 'done') => ({ id, state }) as LedgerItem
const ids = (items: readonly LedgerItem[]) => items.map(({ id }) => id)
afterEach(() => vi.unstubAllGlobals())

describe('merge', () => {
  it('puts new entries on top and takes newer copies of known ones', () => {
    const merged = merge([item(3, 'received'), item(2)], [item(4), item(3)])
    expect(ids(merged)).toEqual([4, 3, 2])
    expect(merged[1]?.state).toBe('done')
  })
})

describe('entries', () => {
  /** A server with `newest` entries, two on a page. */
  function serve() {
    const state = { newest: 6 }
    fakeServer((call) => {
      const cursor = Number(/cursor=(\d+)/.exec(call)?.[1] ?? state.newest + 1)
      const page = [cursor - 1, cursor - 2].filter((id) => id > 0)
      return json(200, { items: page.map((id) => item(id)), next: page.at(-1)! > 1 ? String(page.at(-1)) : null })
    })
    return state
  }
  it('come page by page', async () => {
    serve()
    const { items, next, restart, more } = useEntries(() => ({}))
    await restart()
    await more()
    await more()
    expect(ids(items.value)).toEqual([6, 5, 4, 3, 2, 1])
    expect(next.value).toBeNull()
  })
  it('keep the pages already read when the newest is brought', async () => {
    const server = serve()
    const { items, next, restart, more, refresh } = useEntries(() => ({}))
    await restart()
    await more()
    server.newest = 7
    await refresh()
    expect(ids(items.value)).toEqual([7, 6, 5, 4, 3])
    expect(next.value).toBe('3')
  })
  it('begin anew when more arrived than a page holds, rather than have a hole', async () => {
    const server = serve()
    const { items, next, restart, more, refresh } = useEntries(() => ({}))
    await restart()
    await more()
    server.newest = 20
    await refresh()
    expect(ids(items.value)).toEqual([20, 19])
    expect(next.value).toBe('19')
  })
  it('stay while the server is away', async () => {
    serve()
    const { items, error, restart, refresh } = useEntries(() => ({}))
    await restart()
    fakeServer(() => {
      throw new TypeError('no network')
    })
    await refresh()
    expect(ids(items.value)).toEqual([6, 5])
    expect(error.value?.offline).toBe(true)
  })
  it('show the answer to the last question only', async () => {
    const answers: ((response: Response) => void)[] = []
    fakeServer(() => new Promise<Response>((resolve) => answers.push(resolve)))
    const { items, restart } = useEntries(() => ({}))
    const first = restart()
    const second = restart()
    answers[1]?.(json(200, { items: [item(2)], next: null }))
    answers[0]?.(json(200, { items: [item(1)], next: null }))
    await Promise.all([first, second])
    expect(ids(items.value)).toEqual([2])
  })
})
