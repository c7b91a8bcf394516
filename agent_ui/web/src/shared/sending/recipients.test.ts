import { describe, expect, it } from 'vitest'
import type { MessageItem } from '@/shared/api/types'
import {
  isAddress, parseAddresses, suggestRecipients, warningFor, withAddresses, withoutAddress, type Correspondence,
} from './recipients'

function incoming(cc: string[]): MessageItem {
  return {
    type: 'message', key: 'm1', id: 1, at: '2026-11-22T10:00:00Z', kind: 'customer', channel: 'email',
    author: { kind: 'customer', id: 1, name: 'Rahul' }, html: '', text: '', subject: '', to: [],
    cc: cc.map((address) => ({ name: '', address })), attachments: [], delivery: null, matchedBy: null, isAuto: false,
    rawUrl: null, lang: null,
  }
}

const ticket = (cc: string[] = [], email: string | null = 'rahul@lotus.example'): Correspondence => ({
  customer: { email }, mailbox: { address: 'help@desk.example' }, items: [incoming(cc)],
})

describe('recipients', () => {
  it('takes the server’s word, which knows our other addresses and the rules of the mailbox', () => {
    const people = (...list: string[]) => list.map((address) => ({ name: '', address }))
    const from = ['help@desk.example', 'sales@desk.example'].map((address, index) => ({ address, name: '', default: index === 0 }))
    const asked = { ...ticket(['sales@desk.example']), defaults: { from, to: people('form@lotus.example'), cc: people('amma@lotus.example') } }
    const suggested = suggestRecipients(asked)
    expect(suggested).toEqual({ to: ['form@lotus.example'], cc: ['amma@lotus.example'], bcc: [] })
    expect(warningFor(asked, suggested)).toBeNull()
    expect(warningFor(asked, withAddresses(suggested, 'cc', ['Sales@desk.example']))).toEqual({ kind: 'own-mailbox', address: 'sales@desk.example' })
    expect(warningFor(asked, { to: ['other@lotus.example'], cc: [], bcc: [] })).toEqual({ kind: 'customer-missing', address: 'form@lotus.example' })
  })

  it('suggests the customer and the copies of the last mail, without our own mailbox', () => {
    const suggested = suggestRecipients(ticket(['HELP@desk.example', 'boss@lotus.example', 'Rahul@Lotus.example']))
    expect(suggested).toEqual({ to: ['rahul@lotus.example'], cc: ['boss@lotus.example'], bcc: [] })
  })

  it('suggests nobody when the customer has no address', () => {
    expect(suggestRecipients(ticket([], null)).to).toEqual([])
  })

  it('reads pasted addresses with names', () => {
    const parsed = parseAddresses('Meera Joshi <meera@a.example>; b@b.example, nonsense,b@B.example')
    expect(parsed).toEqual({ valid: ['meera@a.example', 'b@b.example'], invalid: ['nonsense'] })
  })

  it.each(['a@b', 'a b@c.in', '@c.in', 'a@', 'a@b.in,'])('refuses %s', (text) => expect(isAddress(text)).toBe(false))
  it.each(['a@b.in', 'अ@उदाहरण.भारत', "o'neil+x@mail.example"])('takes %s', (text) => expect(isAddress(text)).toBe(true))

  it('keeps an address in one field only', () => {
    const start = { to: ['a@a.in'], cc: ['b@b.in'], bcc: [] }
    expect(withAddresses(start, 'bcc', ['A@a.in'])).toEqual({ to: [], cc: ['b@b.in'], bcc: ['A@a.in'] })
    expect(withoutAddress(start, 'cc', 'B@b.in').cc).toEqual([])
  })

  it('warns when the customer is left out, when nobody is left and when it would go to ourselves', () => {
    const all = { to: ['rahul@lotus.example'], cc: [], bcc: [] }
    expect(warningFor(ticket(), all)).toBeNull()
    expect(warningFor(ticket(), { ...all, to: ['x@x.in'] })).toMatchObject({ kind: 'customer-missing' })
    expect(warningFor(ticket(), { ...all, to: ['x@x.in'], cc: ['Rahul@lotus.example'] })).toBeNull()
    expect(warningFor(ticket(), { to: [], cc: all.to, bcc: [] })).toEqual({ kind: 'nobody' })
    expect(warningFor(ticket(), { ...all, cc: ['help@desk.example'] })).toMatchObject({ kind: 'own-mailbox' })
  })
})
