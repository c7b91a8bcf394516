import { describe, expect, it } from 'vitest'
import { filesToCopy, forwardSubject } from './forward'

describe('passing a message on', () => {
  it.each([
    ['Order 7', 'Fwd: Order 7'], ['Re: Order 7', 'Fwd: Re: Order 7'], ['FW: Order 7', 'FW: Order 7'],
    [' fwd : Order 7', 'fwd : Order 7'], ['WG: Auftrag', 'WG: Auftrag'], ['', 'Fwd: '],
  ])('calls %o %o', (subject, expected) => expect(forwardSubject(subject)).toBe(expected))

  it('copies what hangs on it, not what stands in its text', () => {
    const file = (id: number, contentId: string | null) => ({ id, name: `${id}`, contentType: 'image/png', size: 1, url: '', contentId })
    const attachments = [file(1, null), file(2, '<logo@c>'), file(3, 'sign@c'), file(4, 'unused@c')]
    const item = { html: '<img src="cid:logo@c">', quotedHtml: '<img src="cid:sign@c">', attachments }
    expect(filesToCopy(item).map((one) => one.id)).toEqual([1, 4])
  })
})
