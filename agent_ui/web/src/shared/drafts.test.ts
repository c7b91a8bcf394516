import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DraftStore, type DraftTransport } from './drafts'

interface Call {
  what: string
  done: (kept?: number) => void
  fail: () => void
}

/** A server that answers when the test says so. */
function slowServer() {
  const calls: Call[] = []
  const answer = (what: string, revision: number) =>
    new Promise<number>((resolve, reject) => {
      calls.push({ what, done: (kept = revision) => resolve(kept), fail: () => reject(new Error('down')) })
    })
  const transport: DraftTransport = {
    save: (ticketId, mode, body) => answer(`save ${ticketId} ${mode} r${body.revision} ${body.html}`, body.revision),
    remove: async (ticketId, mode, revision) => void (await answer(`remove ${ticketId} ${mode} r${revision}`, revision)),
  }
  return { calls, transport, said: () => calls.map((call) => call.what) }
}

const settle = () => vi.advanceTimersByTimeAsync(0)
const rest = () => vi.advanceTimersByTimeAsync(500)

describe('drafts', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    localStorage.clear()
  })
  afterEach(() => vi.useRealTimers())

  it('keeps a change on the device at once and saves it after a rest', async () => {
    const server = slowServer()
    const drafts = new DraftStore(7, server.transport)
    drafts.write(1, 'reply', { html: '<p>a</p>' })
    expect(localStorage.getItem('sampark:draft:7:1:reply')).toContain('<p>a</p>')
    expect(server.calls).toHaveLength(0)
    drafts.write(1, 'reply', { html: '<p>ab</p>' })
    await rest()
    expect(server.said()).toEqual(['save 1 reply r2 <p>ab</p>'])
    server.calls[0]!.done()
    await settle()
    expect(drafts.state(1, 'reply')).toBe('saved')
  })

  it('finds a draft again on a new page', () => {
    new DraftStore(7, slowServer().transport).write(1, 'note', { html: '<p>kept</p>' })
    const again = new DraftStore(7, slowServer().transport)
    expect(again.read(1, 'note').html).toBe('<p>kept</p>')
    expect(again.read(1, 'note').revision).toBe(1)
  })

  it('keeps modes, tickets and agents apart', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    drafts.write(1, 'reply', { html: '<p>reply</p>' })
    drafts.write(1, 'note', { html: '<p>note</p>' })
    drafts.write(2, 'reply', { html: '<p>other</p>' })
    expect(drafts.read(1, 'reply').html).toBe('<p>reply</p>')
    expect(drafts.read(1, 'note').html).toBe('<p>note</p>')
    expect(new DraftStore(8, slowServer().transport).read(1, 'reply').html).toBe('')
  })

  it('never lets a deletion overtake a save that is on its way', async () => {
    const server = slowServer()
    const drafts = new DraftStore(7, server.transport)
    const draft = drafts.write(1, 'reply', { html: '<p>a</p>' })
    await rest()
    drafts.discard(1, 'reply', draft.revision)
    await rest()
    expect(server.said()).toEqual(['save 1 reply r1 <p>a</p>'])
    server.calls[0]!.done()
    await settle()
    expect(server.said()).toEqual(['save 1 reply r1 <p>a</p>', 'remove 1 reply r2'])
  })

  it('discards only the revision that was meant', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    const first = drafts.write(1, 'reply', { html: '<p>a</p>' })
    drafts.write(1, 'reply', { html: '<p>ab</p>' })
    drafts.discard(1, 'reply', first.revision)
    expect(drafts.read(1, 'reply').html).toBe('<p>ab</p>')
  })

  it('posts a send behind a running save and saves later text behind the send', async () => {
    const server = slowServer()
    const drafts = new DraftStore(7, server.transport)
    drafts.write(1, 'reply', { html: '<p>sent</p>' })
    await rest()
    drafts.take(1, 'reply', 'k1')
    const order: string[] = []
    let accept = () => undefined as void
    const post = drafts.inLine(1, 'reply', () => {
      order.push('post')
      return new Promise<void>((resolve) => (accept = resolve))
    })
    drafts.write(1, 'reply', { html: '<p>next</p>' })
    await rest()
    expect(order).toEqual([])
    server.calls[0]!.done()
    await settle()
    expect(order).toEqual(['post'])
    expect(server.calls).toHaveLength(1)
    accept()
    await post
    drafts.settle('k1')
    await settle()
    expect(server.said()[1]).toBe('save 1 reply r2 <p>next</p>')
    expect(drafts.read(1, 'reply').html).toBe('<p>next</p>')
  })

  it('puts a refused send back before what was typed since', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    drafts.write(1, 'reply', { html: '<p>first</p>' })
    drafts.take(1, 'reply', 'k1')
    expect(drafts.read(1, 'reply').html).toBe('')
    drafts.write(1, 'reply', { html: '<p>second</p>' })
    drafts.putBack('k1')
    expect(drafts.read(1, 'reply').html).toBe('<p>first</p><p>second</p>')
  })

  it('returns an interrupted send after a crash with its client key', () => {
    const before = new DraftStore(7, slowServer().transport)
    before.write(1, 'reply', { html: '<p>mine</p>' })
    before.take(1, 'reply', 'k1')
    const after = new DraftStore(7, slowServer().transport)
    after.recover(new Set())
    expect(after.read(1, 'reply').html).toBe('<p>mine</p>')
    expect(after.take(1, 'reply', 'k2').clientKey).toBe('k1')
  })

  it('does not write twice what the outbox will send', () => {
    const before = new DraftStore(7, slowServer().transport)
    before.write(1, 'reply', { html: '<p>mine</p>' })
    before.take(1, 'reply', 'k1')
    const after = new DraftStore(7, slowServer().transport)
    after.recover(new Set(['k1']))
    expect(after.read(1, 'reply').html).toBe('')
    after.recover(new Set())
    expect(after.read(1, 'reply').html).toBe('')
  })

  it('leaves alone what is being sent by this page', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    drafts.write(1, 'reply', { html: '<p>mine</p>' })
    drafts.take(1, 'reply', 'k1')
    drafts.recover(new Set())
    expect(drafts.read(1, 'reply').html).toBe('')
  })

  it('uses a new client key once the text has changed', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    drafts.write(1, 'reply', { html: '<p>a</p>' })
    drafts.take(1, 'reply', 'k1')
    drafts.putBack('k1')
    drafts.write(1, 'reply', { html: '<p>b</p>' })
    expect(drafts.take(1, 'reply', 'k2').clientKey).toBe('k2')
  })

  it('keeps the draft when the server is down and tries again', async () => {
    const server = slowServer()
    const drafts = new DraftStore(7, server.transport)
    drafts.write(1, 'reply', { html: '<p>a</p>' })
    await rest()
    server.calls[0]!.fail()
    await settle()
    expect(drafts.state(1, 'reply')).toBe('kept')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(server.calls).toHaveLength(2)
  })

  it('takes a newer draft of the server but never over unsaved text', async () => {
    const drafts = new DraftStore(7, slowServer().transport)
    const view = { ticketId: 1, mode: 'reply' as const, html: '<p>server</p>', revision: 5, attachments: [] }
    drafts.adopt(1, [view], '10')
    expect(drafts.read(1, 'reply')).toMatchObject({ html: '<p>server</p>', basis: '10' })
    drafts.write(1, 'reply', { html: '<p>mine</p>' })
    drafts.adopt(1, [{ ...view, revision: 9 }], '11')
    expect(drafts.read(1, 'reply').html).toBe('<p>mine</p>')
    expect(drafts.read(1, 'reply').revision).toBe(10)
  })

  it('does not bring back a draft that is just being sent', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    const draft = drafts.write(1, 'reply', { html: '<p>a</p>' })
    drafts.take(1, 'reply', 'k1')
    const view = { ticketId: 1, mode: 'reply' as const, html: '<p>a</p>', revision: draft.revision, attachments: [] }
    drafts.adopt(1, [view], '10')
    expect(drafts.read(1, 'reply').html).toBe('')
  })

  it('drops an old draft that was saved and then sent elsewhere', async () => {
    const server = slowServer()
    const drafts = new DraftStore(7, server.transport)
    drafts.write(1, 'reply', { html: '<p>a</p>' })
    await rest()
    server.calls[0]!.done()
    await settle()
    drafts.adopt(1, [], '10')
    expect(drafts.read(1, 'reply').html).toBe('<p>a</p>')
    const nextPage = new DraftStore(7, slowServer().transport)
    nextPage.adopt(1, [], '10')
    expect(nextPage.read(1, 'reply').html).toBe('')
  })

  it('restores an undone send into its own ticket', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    drafts.write(2, 'reply', { html: '<p>two</p>' })
    drafts.restore({ ticketId: 1, mode: 'reply', html: '', revision: 4, attachments: [] }, '<p>undone</p>')
    expect(drafts.read(1, 'reply').html).toBe('<p>undone</p>')
    expect(drafts.read(2, 'reply').html).toBe('<p>two</p>')
  })

  it('restores whom and how an undone send went, so that it does not turn to the customer', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    const envelope = { recipients: { to: ['vendor@v.in'], cc: [], bcc: ['boss@d.in'] }, plain: true, subject: 'Fwd: x', forward: 3, macros: [5] }
    drafts.restore({ ticketId: 1, mode: 'reply', html: '', revision: 4, attachments: [] }, '', envelope)
    expect(drafts.read(1, 'reply')).toMatchObject(envelope)
    expect(new DraftStore(7, slowServer().transport).read(1, 'reply')).toMatchObject(envelope)
  })

  it('keeps pictures of the text by the number of their file, since the server shows them under passing addresses', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    const file = { id: 4, name: 'p.png', contentType: 'image/png', size: 1, url: '/files/4.1.sig/p.png' }
    const html = '<p><img src="/files/4.1.sig/p.png" alt="">x</p>'
    drafts.restore({ ticketId: 1, mode: 'reply', html: '', revision: 4, attachments: [file] }, html)
    drafts.adopt(2, [{ ticketId: 2, mode: 'reply', html, revision: 4, attachments: [file, { ...file, id: 5, url: '/files/5.1.sig/b.pdf' }] }], '1')
    for (const ticketId of [1, 2]) {
      expect(drafts.read(ticketId, 'reply').html).toBe('<p><img src="/api/attachments/4" alt="">x</p>')
      expect(drafts.read(ticketId, 'reply').files[0]).toMatchObject({ id: 4, inline: true })
    }
    expect(drafts.read(2, 'reply').files[1]).toMatchObject({ id: 5, inline: false })
  })

  it('joins an undone send with what was written since, once', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    drafts.write(1, 'reply', { html: '<p>since</p>' })
    const made = { ticketId: 1, mode: 'reply' as const, html: '<p>undone</p><p></p><p>since</p>', revision: 2, attachments: [] }
    drafts.restore(made, '<p>undone</p>')
    expect(drafts.read(1, 'reply')).toMatchObject({ html: '<p>undone</p><p>since</p>', revision: 3 })
  })

  it('goes over newer text of another device when the server kept that', async () => {
    const server = slowServer()
    const drafts = new DraftStore(7, server.transport)
    drafts.write(1, 'reply', { html: '<p>mine</p>' })
    await rest()
    server.calls[0]!.done(8)
    await settle()
    await rest()
    expect(server.said()[1]).toBe('save 1 reply r9 <p>mine</p>')
  })

  it('remembers what the author had seen when the draft was begun', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    drafts.write(1, 'reply', { html: '<p>a</p>', seen: '10' })
    drafts.write(1, 'reply', { html: '<p>ab</p>', seen: '12' })
    expect(drafts.read(1, 'reply').basis).toBe('10')
    drafts.acknowledge(1, 'reply', '12')
    expect(drafts.read(1, 'reply').basis).toBe('12')
  })

  it('follows another tab that sent the draft', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    drafts.write(1, 'reply', { html: '<p>a</p>' })
    const key = 'sampark:draft:7:1:reply'
    const oldValue = localStorage.getItem(key)
    localStorage.removeItem(key)
    drafts.onStorage({ key, oldValue, newValue: null })
    expect(drafts.read(1, 'reply').html).toBe('')
  })
  it('shows what another tab has written into a draft that this tab had not touched', () => {
    const first = new DraftStore(7, slowServer().transport)
    const second = new DraftStore(7, slowServer().transport)
    expect(second.read(1, 'reply').html).toBe('')
    first.write(1, 'reply', { html: '<p>tab one</p>' })
    const key = 'sampark:draft:7:1:reply'
    second.onStorage({ key, oldValue: null, newValue: localStorage.getItem(key) })
    expect(second.read(1, 'reply').html).toBe('<p>tab one</p>')
    const older = localStorage.getItem(key)
    second.write(1, 'reply', { html: '<p>tab one tab two</p>' })
    second.onStorage({ key, oldValue: null, newValue: older })
    expect(second.read(1, 'reply').html).toBe('<p>tab one tab two</p>')
  })

  it('takes back the text of a reply that did not leave, whatever it has counted to', async () => {
    const server = slowServer()
    const drafts = new DraftStore(7, server.transport)
    for (let n = 0; n < 60; n++) drafts.write(1, 'reply', { html: `<p>${n}</p>` })
    drafts.take(1, 'reply', 'key')
    drafts.settle('key')
    const view = { ticketId: 1, mode: 'reply' as const, html: '<p>59</p>', revision: 1_772_442_000, attachments: [] }
    drafts.adopt(1, [view], '10')
    expect(drafts.read(1, 'reply').html).toBe('<p>59</p>')
    drafts.write(1, 'reply', { html: '<p>59 and more</p>' })
    await rest()
    expect(server.said().at(-1)).toBe('save 1 reply r1772442001 <p>59 and more</p>')
  })

  it('puts a text that came back before what is being typed', () => {
    const drafts = new DraftStore(7, slowServer().transport)
    drafts.write(1, 'reply', { html: '<p>sent</p>' })
    drafts.take(1, 'reply', 'key')
    drafts.settle('key')
    drafts.write(1, 'reply', { html: '<p>new</p>' })
    drafts.adopt(1, [{ ticketId: 1, mode: 'reply', html: '<p>sent</p>', revision: 1_772_442_000, attachments: [] }], '10')
    expect(drafts.read(1, 'reply').html).toBe('<p>sent</p><p>new</p>')
    expect(drafts.read(1, 'reply').revision).toBeGreaterThan(1_772_442_000)
  })
})
