import { effectScope, nextTick, shallowRef } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Translation } from '@/shared/api/knowledge'
import { fakeServer, json } from '@/shared/testing'
import { SAVE_AFTER_MS, TRY_AGAIN_MS, useArticleText } from './articleText'

const told = (version: number, body: string, authorId = 2): Translation => ({ articleId: 7, locale: 'en', title: 'T', summary: '', body, version, files: [], working: { authorId } }) as unknown as Translation

/** A server with one text; a save with an old version is refused with what is there. */
function serve(start = told(1, 'one')) {
  const server = { current: start, saves: 0, away: false }
  fakeServer((call, body) => {
    if (server.away) throw new TypeError('no network')
    if (call.startsWith('GET')) return json(200, server.current)
    server.saves += 1
    const calls = vi.mocked(fetch).mock.calls
    const version = Number(/v(\d+)/.exec(String((calls.at(-1)![1]!.headers as Record<string, string>)['if-match']))?.[1])
    if (version !== server.current.version) return json(412, { code: 'stale', title: 'x', current: server.current })
    server.current = { ...server.current, ...(body as object), version: version + 1 } as Translation
    return json(200, server.current)
  })
  return server
}

const scopes: ReturnType<typeof effectScope>[] = []
async function open() {
  const scope = effectScope()
  scopes.push(scope)
  const article = scope.run(() => useArticleText(() => 7, () => 'en', () => 1))!
  await vi.advanceTimersByTimeAsync(0)
  await nextTick()
  return article
}

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
})
afterEach(() => {
  scopes.splice(0).forEach((scope) => scope.stop())
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the text of an article', () => {
  it('is saved after a rest, once', async () => {
    const server = serve()
    const article = await open()
    for (const body of ['t', 'tw', 'two']) article.write({ body })
    expect(article.state.value).toBe('dirty')
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
    expect(server.current.body).toBe('two')
    expect(server.saves).toBe(1)
    expect(article.state.value).toBe('saved')
    expect(localStorage.length).toBe(0)
  })

  it('stays open while other things of the article change', async () => {
    serve()
    const whole = shallowRef({ id: 7, visibility: 'agents' })
    const scope = effectScope()
    scopes.push(scope)
    const article = scope.run(() => useArticleText(() => whole.value.id, () => 'en', () => 1))!
    await vi.advanceTimersByTimeAsync(0)
    article.write({ body: 'half a sen' })
    whole.value = { id: 7, visibility: 'public' }
    await nextTick()
    expect(article.translation.value).not.toBeNull()
    article.write({ body: 'half a sentence' })
    expect(article.text.value.body).toBe('half a sentence')
    expect(vi.mocked(fetch).mock.calls).toHaveLength(1)
  })

  it('typed while a save is on its way follows behind it', async () => {
    const server = serve()
    const article = await open()
    article.write({ body: 'two' })
    const first = article.save()
    while (article.state.value !== 'saving') await Promise.resolve()
    article.write({ body: 'three' })
    await first
    expect(article.state.value).toBe('dirty')
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
    expect(server.current.body).toBe('three')
    expect(server.saves).toBe(2)
  })

  it('survives a crash', async () => {
    const server = serve()
    const article = await open()
    article.write({ body: 'never sent' })
    scopes.pop() // the page is gone without a goodbye
    server.saves = 0
    const again = await open()
    expect(again.text.value.body).toBe('never sent')
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
    expect(server.current.body).toBe('never sent')
    expect(article.text.value.body).toBe('never sent')
  })

  it('goes on where a save of its own arrived without an answer', async () => {
    const server = serve()
    const article = await open()
    article.write({ body: 'one tw' })
    server.current = told(2, 'one t', 1)
    scopes.pop()
    const again = await open()
    expect(again.text.value.body).toBe('one tw')
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
    expect(server.current.body).toBe('one tw')
    expect(again.state.value).toBe('saved')
    expect(again.theirs.value).toBeNull()
  })

  it('overtaken by somebody else is shown beside hers, and either can stay', async () => {
    const server = serve()
    const article = await open()
    server.current = told(2, 'hers')
    article.write({ body: 'mine' })
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
    expect(article.state.value).toBe('stale')
    expect(article.theirs.value?.body).toBe('hers')
    article.write({ body: 'mine again' })
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS * 2)
    expect(server.current.body).toBe('hers')
    await article.keepMine()
    expect(server.current.body).toBe('mine again')
    server.current = told(9, 'hers once more')
    article.write({ body: 'mine' })
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
    article.takeTheirs()
    expect(article.text.value.body).toBe('hers once more')
    expect(article.state.value).toBe('saved')
  })

  it('waits for the connection', async () => {
    const server = serve()
    const article = await open()
    server.away = true
    article.write({ body: 'two' })
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS)
    expect(article.state.value).toBe('offline')
    server.away = false
    await vi.advanceTimersByTimeAsync(TRY_AGAIN_MS)
    expect(server.current.body).toBe('two')
    expect(article.state.value).toBe('saved')
  })
})
