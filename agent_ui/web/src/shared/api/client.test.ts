import { afterEach, describe, expect, it, vi } from 'vitest'
import { fakeServer, json } from '../testing'
import { ApiError, http, newKey, request, setCsrfToken, setUnauthorisedHandler } from './client'

afterEach(() => {
  vi.unstubAllGlobals()
  setCsrfToken('')
  setUnauthorisedHandler(() => undefined)
})

describe('requests', () => {
  it('carry the CSRF token when they change something, and the version they are based on', async () => {
    setCsrfToken('secret')
    const spy = fakeServer(() => json(200, {}))
    await http.get('/api/x', { query: { q: 'a b', empty: '', none: null } })
    await http.patch('/api/x', { a: 1 }, { ifVersion: 12 })
    expect(spy.mock.calls[0]![0]).toBe('/api/x?q=a+b')
    expect(spy.mock.calls[0]![1].headers).not.toHaveProperty('x-csrf-token')
    expect(spy.mock.calls[1]![1].headers).toMatchObject({ 'x-csrf-token': 'secret', 'if-match': '"v12"' })
  })
  it('turn a problem into an error with its code, fields and wait', async () => {
    fakeServer(() => json(422, { code: 'validation', title: 'Invalid', detail: 'Look', errors: [{ field: 'to', message: 'bad' }] }, { 'retry-after': '9' }))
    const error = await http.post('/api/x', {}).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 422, code: 'validation', errors: [{ field: 'to', message: 'bad' }], retryAfter: 9, offline: false })
  })
  it('call a missing server, a dead proxy and a broken answer the same: offline', async () => {
    fakeServer(() => {
      throw new TypeError('x')
    })
    await expect(http.get('/x')).rejects.toMatchObject({ offline: true, status: 0 })
    fakeServer(() => new Response('<h1>Bad gateway</h1>', { status: 502 }))
    await expect(http.get('/x')).rejects.toMatchObject({ offline: true, status: 502 })
    fakeServer(() => new Response('{"half', { status: 200 }))
    await expect(http.get('/x')).rejects.toMatchObject({ offline: true })
  })
  it('end the session on 401, but not for a wrong password', async () => {
    const ended = vi.fn()
    setUnauthorisedHandler(ended)
    fakeServer(() => json(401, { code: 'bad-credentials', title: 'No' }))
    await request('POST', '/api/session').catch(() => undefined)
    expect(ended).not.toHaveBeenCalled()
    fakeServer(() => json(401, { code: 'not-signed-in', title: 'No' }))
    await request('GET', '/api/views').catch(() => undefined)
    expect(ended).toHaveBeenCalledOnce()
  })
  it('make keys that are UUIDs also without a secure context', () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
    expect(newKey()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})
