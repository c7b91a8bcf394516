import { describe, expect, it } from 'vitest'
import { signatureHtml, withoutSignature, withSignature } from './signature'

const SIGNATURE = 'Neha Kulkarni\nField <service> & repair'

describe('signature', () => {
  it('goes under the text with its lines', () => {
    expect(withSignature('<p>Hi</p>', SIGNATURE)).toBe('<p>Hi</p><p>--<br>Neha Kulkarni<br>Field &lt;service&gt; &amp; repair</p>')
  })

  it('is nothing when it is empty', () => {
    expect(signatureHtml(' \n')).toBe('')
    expect(withoutSignature('<p>Hi</p>', '')).toBe('<p>Hi</p>')
  })

  it('comes off again, also when the server wrote it a little differently', () => {
    expect(withoutSignature(withSignature('<p>Hi</p>', SIGNATURE), SIGNATURE)).toBe('<p>Hi</p>')
    const rewritten = '<p>Hi</p>\n<p>--<br />\nNeha Kulkarni<br />\nField &lt;service&gt; &amp; repair</p>'
    expect(withoutSignature(rewritten, SIGNATURE).trim()).toBe('<p>Hi</p>')
  })

  it('leaves a text without it alone', () => {
    expect(withoutSignature('<p>Hi</p><p>Neha Kulkarni</p>', SIGNATURE)).toBe('<p>Hi</p><p>Neha Kulkarni</p>')
  })
})
