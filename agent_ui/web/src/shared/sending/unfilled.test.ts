import { describe, expect, it } from 'vitest'
import { unfilledIn, unfilledInText } from './unfilled'

describe('variables without a value', () => {
  it.each([
    ['<p>Dear {{customer.first_name}},</p>', ['customer.first_name']],
    ['<p>{{ a }} {{b|there}} {{a}}</p>', ['a', 'b']],
    // an editor cuts words apart by markup
    ['<p>{{<strong>ticket</strong>.id}}</p>', ['ticket.id']],
    ['<blockquote>{{theirs}}</blockquote><pre>{{code}}</pre><p>plain</p>', []],
    ['<p>{ {not}} {{}} {{1a}} { }</p>', []],
    ['', []],
  ])('%s', (html, names) => expect(unfilledIn(html)).toEqual(names))

  it('tells where they stand', () => expect(unfilledInText('Hi {{a.b}}!')).toEqual([{ name: 'a.b', from: 3, to: 10 }]))
})
