import { describe, expect, it } from 'vitest'
import type { MessageItem } from '@/shared/api/types'
import { forwardHtml } from './forward'

const WORDS = { title: 'Forwarded message', from: 'From', date: 'Date', subject: 'Subject', to: 'To' }

function message(change: Partial<MessageItem>): MessageItem {
  return {
    type: 'message', key: 'm1', id: 1, at: '2026-11-22T10:00:00Z', kind: 'customer', channel: 'email',
    author: { kind: 'customer', id: 1, name: 'Asha Rao' }, html: '', text: 'One.\n\nTwo <b>.', subject: 'Fan & motor',
    to: [{ name: 'Support', address: 'support@desk.example' }], cc: [], attachments: [], delivery: null, matchedBy: null,
    isAuto: false, rawUrl: null, lang: null, ...change,
  }
}

describe('passing a message on', () => {
  it('quotes who wrote what to whom, and leaves room above', () => {
    const html = forwardHtml(message({}), WORDS, '22 Nov 2026')
    const page = new DOMParser().parseFromString(html, 'text/html')
    expect(page.body.firstElementChild!.textContent).toBe('')
    const quote = page.querySelector('blockquote')!
    expect(quote.textContent).toContain('From: Asha Rao')
    expect(quote.textContent).toContain('Subject: Fan & motor')
    expect(quote.textContent).toContain('To: Support <support@desk.example>')
    expect(quote.querySelectorAll('p')).toHaveLength(3)
    expect(quote.querySelector('b')).toBeNull()
  })

  it('takes the words of the markup when there is no text, and no empty lines', () => {
    const html = forwardHtml(message({ text: '', html: '<table><tr><td>Cell</td></tr></table>', subject: '', to: [] }), WORDS, 'today')
    expect(html).toContain('<p>Cell</p>')
    expect(html).not.toContain('Subject:')
    expect(html).not.toContain('To:')
  })
})
