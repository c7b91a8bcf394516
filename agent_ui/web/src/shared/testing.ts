/** Made-up rows and answers for the unit tests. */
import { vi } from 'vitest'
import type { Item, TicketRow, TicketView } from './api/types'

export function row(id: number, change: Partial<TicketRow> = {}): TicketRow {
  return {
    id, subject: `Subject ${id}`, status: 'open', priority: 'normal', channel: 'email', customer: { id: 1, name: 'Asha', vip: false },
    assignee: null, teamId: null, snippet: '', snippetBy: 'customer', lastActivityAt: '2026-01-01T00:00:00Z',
    createdAt: '2026-01-01T00:00:00Z', dueAt: null, waitingSince: null, unread: false, tags: [], hasDraft: false,
    messageCount: 1, snoozedUntil: null, failedDelivery: false, version: 1, entitlement: 'none', ...change,
  }
}

export function note(key: string, at: string): Item {
  return { type: 'note', key, id: 1, at, author: { kind: 'agent', id: 1, name: 'A' }, html: '', text: '', attachments: [] }
}

export function view(id: number, change: Partial<TicketView> = {}): TicketView {
  return {
    ...row(id), organisation: null, accountId: null, mailbox: null, timeline: [], before: null, lastEventId: '1', drafts: [],
    viewers: [], routing: null, followerIds: [],
    customer: {
      id: 1, name: 'Asha', email: null, phone: null, language: null, timeZone: null, vip: false, doNotContact: false,
      organisation: null,
    },
    ...change,
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
}

/** Replace fetch by a function of "METHOD /path"; returns the spy. */
export function fakeServer(answer: (call: string, body: unknown) => Response | Promise<Response>) {
  const spy = vi.fn((path: string, init: RequestInit) =>
    Promise.resolve(answer(`${init.method} ${path}`, init.body ? JSON.parse(String(init.body)) : null)))
  vi.stubGlobal('fetch', spy)
  return spy
}
