import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { DraftStore, NEW_TICKET } from '@/shared/drafts'
import { withWords } from '@/shared/i18n'
import { fakeServer, json, view } from '@/shared/testing'
import { conversationInput, useConversation } from './conversation'
import { Uploads } from './uploads'

const SENDER = { accountId: 3, teamId: null, address: 'sales@desk.example', name: 'Sales' }

function desk() {
  const saves: number[] = []
  const drafts = new DraftStore(7, { save: (id) => Promise.resolve(saves.push(id)), remove: (id) => Promise.resolve(void saves.push(id)) })
  return { saves, drafts, conversation: useConversation(drafts, new Uploads(drafts)) }
}

describe('a conversation that is begun', () => {
  beforeEach(() => {
    localStorage.clear()
    setActivePinia(createPinia())
  })

  it('says what is still missing, in the order of the form', () => {
    const { conversation } = desk()
    const { blocked, partner, write } = conversation
    expect(blocked.value).toBe('nobody')
    partner.value = { address: 'asha@rao.example', name: 'Asha Rao' }
    expect(blocked.value).toBe('subject')
    write({ subject: 'Your visit' })
    expect(blocked.value).toBe('empty')
    write({ html: '<p>Dear {{customer.name}}</p>' })
    expect(blocked.value).toBe('unfilled')
    write({ html: '<p>Dear Asha</p>' })
    expect(blocked.value).toBeNull()
  })

  it('waits on this device, never as a draft of a ticket', async () => {
    const { saves, drafts, conversation } = desk()
    conversation.partner.value = { address: 'asha@rao.example', name: 'Asha Rao' }
    conversation.write({ subject: 'Your visit' })
    drafts.flushAll()
    await Promise.resolve()
    expect(saves).toEqual([])
    const after = useConversation(new DraftStore(7, { save: () => Promise.resolve(1), remove: () => Promise.resolve() }), new Uploads(drafts))
    expect(after.partner.value).toEqual({ address: 'asha@rao.example', name: 'Asha Rao' })
    expect(after.draft.value.subject).toBe('Your visit')
  })

  it('names the mailbox it leaves from, and copies', () => {
    const { drafts } = desk()
    const draft = drafts.write(NEW_TICKET, 'reply', { html: '<p>x</p>', subject: ' Hello ', recipients: { to: ['a@b.in'], cc: ['c@d.in'], bcc: [] } })
    expect(conversationInput(draft, { address: 'a@b.in', name: '' }, SENDER, 'key-1')).toEqual({
      clientKey: 'key-1', subject: 'Hello', html: '<p>x</p>', customerEmail: 'a@b.in', accountId: 3, fromAddress: 'sales@desk.example',
      cc: ['c@d.in'], attachmentIds: [],
    })
  })

  it('keeps every word when it is refused, and tries again under the same key', async () => {
    const keys: unknown[] = []
    let refuse = true
    fakeServer((_call, body) => {
      keys.push((body as { clientKey: string }).clientKey)
      return refuse ? json(422, { code: 'validation', detail: 'No such address.' }) : json(201, view(1))
    })
    const { conversation } = desk()
    conversation.partner.value = { address: 'asha@rao.example', name: '' }
    conversation.write({ subject: 'Visit', html: '<p>At ten.</p>' })
    expect(await conversation.send()).toBeNull()
    expect(conversation.failure.value).toBe('No such address.')
    expect(conversation.draft.value.html).toBe('<p>At ten.</p>')
    refuse = false
    expect((await conversation.send())?.id).toBe(1)
    expect(new Set(keys).size).toBe(1)
    expect(conversation.draft.value).toMatchObject({ html: '', recipients: null })
    expect(localStorage.length).toBe(0)
  })

  it('names the file that has waited too long, and keeps the rest', async () => {
    await withWords(Promise.resolve(), 'desk')
    fakeServer(() => json(422, { code: 'validation', detail: 'attachmentIds: A file is gone.', gone: [4] }))
    const { conversation } = desk()
    const file = { name: 'bill.pdf', contentType: 'application/pdf', size: 1, url: '' }
    conversation.partner.value = { address: 'asha@rao.example', name: '' }
    conversation.write({ subject: 'Visit', html: '<p>At ten.</p>', files: [{ ...file, id: 4 }, { ...file, id: 5, name: 'map.png' }] })
    expect(await conversation.send()).toBeNull()
    expect(conversation.failure.value).toBe('this file is no longer on the server: bill.pdf. Remove it, or attach it again. Everything else is kept.')
    expect(conversation.draft.value).toMatchObject({ html: '<p>At ten.</p>', files: [{ id: 4 }, { id: 5 }] })
  })
})
