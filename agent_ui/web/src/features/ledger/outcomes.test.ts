import { describe, expect, it } from 'vitest'
import en from '@/shared/i18n/en.json'
import type { LedgerItem, LedgerMailbox } from '@/shared/api/mail'
import { balance, became, counters, toneOf, total, wordsOf } from './outcomes'

function item(change: Partial<LedgerItem>): LedgerItem {
  return {
    id: 1, account: 'Support', uid: '1:1', receivedAt: '2026-01-01T00:00:00Z', internalDate: null, processedAt: null, from: '', subject: '',
    size: 1, state: 'done', outcome: 'ticket', reason: null, ticketId: null, messageId: null, messageIdHeader: null, duplicateOf: null,
    matchedBy: null, attempts: 1, archived: false, ...change,
  }
}
function box(name: string, counts: Record<string, number>, audit: Partial<LedgerMailbox['audit']> | null = null): LedgerMailbox {
  const whole = { at: '', uidvalidity: 7, server: 0, ledger: 0, beforeStart: 0, pending: 0, missing: [], missingCount: 0, gone: 0, mended: 0, error: null }
  return {
    id: 1, name, address: '', kind: 'imap', isActive: true, counts, audit: audit && { ...whole, ...audit }, lastSuccessAt: null,
    lastMailAt: null, lastError: null, lagSeconds: 0, alarm: null, alarmSince: null, import: null,
  }
}

describe('what became of a mail', () => {
  it('is its outcome, or that it failed or waits', () => {
    expect(became(item({ outcome: 'reply', ticketId: 9 }))).toEqual({ key: 'reply', ticketId: 9, entryId: null })
    expect(became(item({ state: 'failed', outcome: null })).key).toBe('failed')
    expect(became(item({ state: 'failed', outcome: 'unreadable', ticketId: 7 }))).toEqual({ key: 'unreadable', ticketId: 7, entryId: null })
    expect(became(item({ state: 'received', outcome: null })).key).toBe('waiting')
    expect(became(item({ outcome: 'duplicate', duplicateOf: 4 })).entryId).toBe(4)
  })
  it('has words for each, also for outcomes that a newer server brings', () => {
    expect(became(item({ outcome: 'swallowed_by_a_whale' })).key).toBe('other')
    expect(wordsOf('received')).toBe('waiting')
    const { outcomes, became: lines } = en.ledger
    expect(Object.keys(outcomes).sort()).toEqual(Object.keys(lines).sort())
    for (const outcome of ['ticket', 'own_loop', 'too_big', 'agent_refused']) expect(Object.keys(lines)).toContain(wordsOf(outcome))
  })
  it('looks bad only where somebody has to act', () => {
    expect(toneOf(item({ state: 'failed', outcome: null }))).toBe('bad')
    expect(toneOf(item({ outcome: 'unreadable' }))).toBe('bad')
    expect(toneOf(item({ outcome: 'blocked' }))).toBe('plain')
    expect(toneOf(item({ outcome: 'reply' }))).toBe('good')
  })
})

describe('counters', () => {
  const boxes = [box('Support', { ticket: 3, tooBig: 1, waiting: 2, failed: 0 }), box('Invoices', { ticket: 4, failed: 1 })]
  it('are sums over the mailboxes, what needs people first, each with the filter that lists it', () => {
    expect(counters(boxes)).toEqual([
      { filter: 'failed', count: 1 }, { filter: 'received', count: 2 }, { filter: 'ticket', count: 7 }, { filter: 'too_big', count: 1 },
    ])
    expect(total(counters(boxes))).toBe(11)
  })
  it('are of one mailbox when one is chosen', () => {
    expect(counters(boxes, 'Invoices')).toEqual([{ filter: 'failed', count: 1 }, { filter: 'ticket', count: 4 }])
  })
})

describe('balance', () => {
  it('leaves out what is older than the first day and tells missing from pending', () => {
    const audited = box('Support', {}, { server: 1530, beforeStart: 320, ledger: 1204, pending: 4, missing: [7, 9], missingCount: 2 })
    expect(balance(audited)).toEqual({ expected: 1210, held: 1204, pending: 4, missing: 2 })
  })
  it('keeps the last numbers while the server cannot be reached, and has none before the first', () => {
    expect(balance(box('Support', {}, { server: 5, ledger: 5, error: 'refused' }))).toMatchObject({ expected: 5, held: 5 })
    expect(balance(box('Support', {}, { uidvalidity: 0, error: 'refused' }))).toBeNull()
    expect(balance(box('Support', {}))).toBeNull()
  })
})
