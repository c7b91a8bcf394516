import { beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '@/shared/api/client'
import type { Item, MessageItem, NoteInput, ReplyInput, SentResult } from '@/shared/api/types'
import { DraftStore } from '@/shared/drafts'
import type { Submitted } from '@/shared/stores/outbox'
import { outgoingFromOutbox, outgoingItem, plainText, visibleOutgoing } from './outgoing'
import { envelopeIn, Sender, type SendPorts, type SendRequest } from './send'

const author = { id: 7, name: 'Neha' }
const at = '2026-11-22T10:00:00Z'

function message(key: string, html: string, id = 7): MessageItem {
  return {
    type: 'message', key, id: 1, at, kind: 'agent', channel: 'email', author: { kind: 'agent', id, name: 'Neha' },
    html, text: '', subject: '', to: [], cc: [], attachments: [], delivery: null, matchedBy: null, isAuto: false,
    rawUrl: null, lang: null,
  }
}

const result = (key: string, html: string) => ({ item: message(key, html), ticket: {} }) as unknown as SentResult
const sent = (key: string, html: string): Promise<Submitted> =>
  Promise.resolve({ state: 'sent', result: result(key, html) })
const request = (change: Partial<SendRequest> = {}): SendRequest => ({
  ticketId: 1, mode: 'reply', status: 'pending', lastEventId: '20', timeline: [], channel: 'email', author,
  mentions: [], ...change,
})

class Desk {
  drafts = new DraftStore(7, { save: (_id, _mode, body) => Promise.resolve(body.revision), remove: () => Promise.resolve() })
  replies: ReplyInput[] = []
  notes: NoteInput[] = []
  accepted: string[] = []
  refused: string[] = []
  answers: ((input: ReplyInput) => Promise<Submitted>)[] = []
  private keys = 0
  sender: Sender

  constructor() {
    const ports: SendPorts = {
      drafts: this.drafts,
      submit: (_id, mode, input) => {
        if (mode === 'note') this.notes.push(input)
        else this.replies.push(input as ReplyInput)
        return (this.answers.shift() ?? (() => sent('m9', input.html)))(input as ReplyInput)
      },
      accepted: (ticketId, answer) => this.accepted.push(`${ticketId}:${answer.item.key}`),
      refused: (ticketId, failure) => this.refused.push(`${ticketId}:${failure.code}`),
      newKey: () => `k${++this.keys}`,
      now: () => Date.parse(at),
    }
    this.sender = new Sender(ports)
  }
}

describe('sending', () => {
  let desk: Desk
  beforeEach(() => {
    localStorage.clear()
    desk = new Desk()
  })

  it('sends the draft with its revision, basis and recipients, and clears it', async () => {
    desk.drafts.write(1, 'reply', { html: '<p>hi</p>', seen: '10' })
    desk.drafts.write(1, 'reply', { recipients: { to: ['a@b.in'], cc: [], bcc: [] } })
    await desk.sender.send(request())
    expect(desk.replies[0]).toMatchObject({
      clientKey: 'k1', html: '<p>hi</p>', lastSeen: '10', status: 'pending', draftRevision: 2, to: ['a@b.in'],
    })
    expect(desk.accepted).toEqual(['1:m9'])
    expect(desk.drafts.read(1, 'reply').html).toBe('')
    expect(desk.sender.outgoingOf(1)).toEqual([])
  })

  it('sends what the author chose: another sender, no formatting, a later moment', async () => {
    desk.drafts.write(1, 'reply', { html: '<p>hi</p>', from: 'sales@desk.example', plain: true })
    await desk.sender.send(request({ sendAt: '2026-11-23T03:30:00Z' }))
    expect(desk.replies.at(-1)).toMatchObject({ fromAddress: 'sales@desk.example', plain: true, sendAt: '2026-11-23T03:30:00Z' })
    desk.drafts.write(1, 'reply', { html: '<p>again</p>' })
    await desk.sender.send(request())
    expect(desk.replies.at(-1)).not.toHaveProperty('fromAddress')
    expect(desk.replies.at(-1)).not.toHaveProperty('sendAt')
  })

  it('sends a picture of the text only while it stands there', async () => {
    const file = (id: number) => ({ id, name: 'p.png', contentType: 'image/png', size: 1, url: '', inline: true })
    desk.drafts.write(1, 'reply', { html: '<p><img src="/api/attachments/4" alt=""></p>', files: [file(4), file(5), { ...file(6), inline: false }] })
    await desk.sender.send(request())
    expect(desk.replies.at(-1)!.attachmentIds).toEqual([4, 6])
  })

  it('sends nothing when there is nothing to send', async () => {
    desk.drafts.write(1, 'reply', { html: '<p> </p>' })
    await desk.sender.send(request())
    expect(desk.replies).toEqual([])
  })

  it('shows a copy while the request runs', async () => {
    let accept: (answer: Submitted) => void = () => undefined
    desk.answers.push(() => new Promise((resolve) => (accept = resolve)))
    desk.drafts.write(1, 'reply', { html: '<p>hi</p>' })
    const sending = desk.sender.send(request())
    expect(desk.sender.outgoingOf(1)).toHaveLength(1)
    expect(desk.drafts.read(1, 'reply').html).toBe('')
    await Promise.resolve()
    accept({ state: 'sent', result: result('m9', '<p>hi</p>') })
    await sending
    expect(desk.sender.outgoingOf(1)).toHaveLength(0)
  })

  it('keeps what is typed while the request runs', async () => {
    desk.answers.push((input) => {
      desk.drafts.write(1, 'reply', { html: '<p>more</p>' })
      return sent('m9', input.html)
    })
    desk.drafts.write(1, 'reply', { html: '<p>hi</p>' })
    await desk.sender.send(request())
    expect(desk.drafts.read(1, 'reply').html).toBe('<p>more</p>')
  })

  it('holds a stale reply back with what is new and returns the text', async () => {
    const body = { newItems: [message('m5', '<p>news</p>', 8)], lastEventId: '25' }
    desk.answers.push(() => Promise.reject(new ApiError(409, 'stale-reply', 'Stale', '', [], body)))
    desk.drafts.write(1, 'reply', { html: '<p>hi</p>', seen: '10' })
    await desk.sender.send(request({ status: 'solved' }))
    expect(desk.sender.stale.get(1)).toMatchObject({ lastEventId: '25', status: 'solved' })
    expect(desk.sender.stale.get(1)?.newItems).toHaveLength(1)
    expect(desk.drafts.read(1, 'reply').html).toBe('<p>hi</p>')
    expect(desk.refused).toEqual([])

    desk.drafts.acknowledge(1, 'reply', '25')
    await desk.sender.send(request({ force: true }))
    expect(desk.replies[1]).toMatchObject({ clientKey: 'k1', force: true, lastSeen: '25' })
    expect(desk.sender.stale.has(1)).toBe(false)
  })

  it('is not held back by what the author wrote meanwhile', async () => {
    const body = { newItems: [message('n5', '<p>my own note</p>')], lastEventId: '25' }
    desk.answers.push(() => Promise.reject(new ApiError(409, 'stale-reply', 'Stale', '', [], body)))
    desk.drafts.write(1, 'reply', { html: '<p>hi</p>', seen: '10' })
    await desk.sender.send(request())
    expect(desk.replies.map((input) => input.force ?? false)).toEqual([false, true])
    expect(desk.accepted).toEqual(['1:m9'])
    expect(desk.sender.stale.has(1)).toBe(false)
  })

  it('returns the text and names the ticket when the server refuses', async () => {
    desk.answers.push(() => Promise.reject(new ApiError(422, 'validation', 'Invalid', 'Nobody to send to')))
    desk.drafts.write(1, 'reply', { html: '<p>hi</p>' })
    await desk.sender.send(request())
    expect(desk.drafts.read(1, 'reply').html).toBe('<p>hi</p>')
    expect(desk.sender.failureOf(1, 'reply')?.detail).toBe('Nobody to send to')
    expect(desk.refused).toEqual(['1:validation'])
    expect(desk.sender.outgoingOf(1)).toEqual([])
  })

  it('passes a mail on without a word, and finds its addressees again', async () => {
    const recipients = { to: ['vendor@v.in'], cc: ['c@v.in'], bcc: ['boss@d.in'] }
    desk.drafts.write(1, 'reply', { recipients, forward: 3, subject: 'Fwd: Order', from: 'us@d.in' })
    await desk.sender.send(request())
    expect(desk.replies[0]).toMatchObject({ html: '', forwardOf: 3, subject: 'Fwd: Order', fromAddress: 'us@d.in', ...recipients })
    expect(envelopeIn(desk.replies[0]!)).toEqual({ recipients, forward: 3, subject: 'Fwd: Order', from: 'us@d.in', plain: undefined })
    expect(desk.drafts.read(1, 'reply')).toMatchObject({ recipients: null, html: '' })
    expect(desk.drafts.read(1, 'reply').forward).toBeUndefined()
    expect(envelopeIn({ clientKey: 'k', html: '', lastSeen: null }).recipients).toBeNull()
  })

  it('tells which canned replies were put into an answer, also one that comes back, and none for a note', async () => {
    desk.answers.push(() => Promise.reject(new ApiError(422, 'validation', 'No', 'No')))
    desk.drafts.write(1, 'reply', { html: '<p>Restart it.</p>', macros: [3] })
    await desk.sender.send(request())
    desk.drafts.write(1, 'note', { html: '<p>Restart it.</p>', macros: [4] })
    await desk.sender.send(request({ mode: 'note' }))
    await desk.sender.send(request())
    expect(desk.replies.map((one) => one.macroIds)).toEqual([[3], [3]])
    expect(desk.notes[0]).not.toHaveProperty('macroIds')
    expect(envelopeIn(desk.replies[1]!).macros).toEqual([3])
    expect(desk.drafts.read(1, 'reply').macros).toBeUndefined()
  })

  it('leaves a send without connection to the outbox', async () => {
    desk.answers.push(() => Promise.resolve({ state: 'queued' }))
    desk.drafts.write(1, 'reply', { html: '<p>hi</p>' })
    await desk.sender.send(request())
    expect(desk.accepted).toEqual([])
    expect(desk.drafts.read(1, 'reply').html).toBe('')
    expect(new DraftStore(7, { save: (_id, _mode, body) => Promise.resolve(body.revision), remove: () => Promise.resolve() }).read(1, 'reply').html).toBe('')
  })

  it('returns the text when the outbox itself breaks, and repeats it under its key', async () => {
    desk.answers.push(() => Promise.reject(new Error('disk full')))
    desk.drafts.write(1, 'reply', { html: '<p>hi</p>' })
    await desk.sender.send(request())
    expect(desk.drafts.read(1, 'reply').html).toBe('<p>hi</p>')
    expect(desk.refused).toEqual(['1:unknown'])
    await desk.sender.send(request())
    expect(desk.replies.map((input) => input.clientKey)).toEqual(['k1', 'k1'])
  })

  it('sends a note with those it mentions and the draft it was', async () => {
    desk.drafts.write(1, 'note', { html: '<p>hm</p>' })
    await desk.sender.send(request({ mode: 'note', mentions: [3] }))
    expect(desk.notes[0]).toMatchObject({ mentions: [3], html: '<p>hm</p>', draftRevision: 1 })
  })
})

describe('copies in the timeline', () => {
  const content = { clientKey: 'k1', ticketId: 1, mode: 'reply' as const, html: '<p>Thank you.</p>', attachments: [],
    channel: 'email' as const, author, at }

  it('gives way to the item of the server, whichever way it came', () => {
    const copy = outgoingItem(content, [])
    expect(visibleOutgoing([copy], [])).toHaveLength(1)
    expect(visibleOutgoing([copy], [message('m1', '<p>Thank you. </p>')])).toHaveLength(0)
  })

  it('is not taken for an older message with the same words, nor for a colleague’s', () => {
    const older = message('m1', '<p>Thank you.</p>')
    const copy = outgoingItem(content, [older])
    expect(visibleOutgoing([copy], [older])).toHaveLength(1)
    expect(visibleOutgoing([copy], [older, message('m2', '<p>Thank you.</p>', 8)])).toHaveLength(1)
  })

  it('lets one server item stand for one copy only', () => {
    const copies = [outgoingItem(content, []), outgoingItem({ ...content, clientKey: 'k2' }, [])]
    const timeline: Item[] = [message('m1', '<p>Thank you.</p>')]
    expect(visibleOutgoing(copies, timeline).map((one) => one.clientKey)).toEqual(['k2'])
  })

  it('shows what waits in the outbox after a reload', () => {
    const entry = {
      clientKey: 'k1', agentId: 7, ticketId: 1, kind: 'note' as const, body: { clientKey: 'k1', html: '<p>Thank you.</p>' },
      createdAt: Date.parse(at) + 1000, tries: 1, refusal: null,
    }
    const copy = outgoingFromOutbox(entry, [message('m1', '<p>Thank you.</p>')], { author, channel: 'email' })
    expect(copy).toMatchObject({ state: 'waiting', item: { type: 'note', text: 'Thank you.' } })
    expect(copy.known.has('m1')).toBe(true)
  })

  it('reads words out of markup', () => {
    expect(plainText('<p>a<br>b</p><p>c &amp; d</p>')).toBe('a b c & d')
  })
})
