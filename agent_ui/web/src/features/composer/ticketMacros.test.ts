import { describe, expect, it } from 'vitest'
import { fakeServer, json } from '@/shared/testing'
import { ticketMacros } from './ticketMacros'

const macro = (name: string) => ({ id: 1, name, html: '', text: '', missing: [] })

describe('canned replies of a ticket', () => {
  it('are read once for a ticket, and again after a minute', async () => {
    let clock = 0
    const calls: string[] = []
    fakeServer((call) => {
      calls.push(call)
      return json(200, [macro(call)])
    })
    const read = ticketMacros(() => [], () => clock)
    await Promise.all([read(7), read(7)])
    await read(8)
    clock = 60_001
    await read(8)
    expect(calls).toEqual(['GET /api/macros?ticketId=7', 'GET /api/macros?ticketId=8', 'GET /api/macros?ticketId=8'])
  })

  it('are the plain ones without an answer, and asked for again next time', async () => {
    let failing = true
    fakeServer(() => (failing ? json(500, {}) : json(200, [macro('filled')])))
    const read = ticketMacros(() => [macro('plain')])
    expect((await read(7))[0]!.name).toBe('plain')
    failing = false
    expect((await read(7))[0]!.name).toBe('filled')
  })
})
