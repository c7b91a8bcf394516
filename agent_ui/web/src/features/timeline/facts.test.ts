import { describe, expect, it } from 'vitest'
import { datedFarOff, proofKey, protectionOf, resultKey, verdictOf } from './facts'

describe('who vouches for a sender', () => {
  it.each([
    [null, 'unchecked'],
    [{ spf: 'pass', dkim: 'pass', dmarc: 'fail' }, 'failed'],
    [{ spf: 'fail', dkim: 'none', dmarc: 'pass' }, 'passed'],
    [{ spf: 'Softfail', dkim: 'none' }, 'failed'],
    [{ spf: 'fail', dkim: 'pass', aligned: true }, 'passed'],
    [{ spf: 'pass', dkim: null, aligned: false }, 'unchecked'],
    [{ spf: 'none', dkim: 'none', dmarc: 'none' }, 'unchecked'],
    [{ spf: 'temperror' }, 'unchecked'],
  ])('%j is %s', (given, verdict) => expect(verdictOf(given)).toBe(verdict))

  it('knows each result by a word of the catalogue', () => {
    expect(['pass', 'softfail', 'none', 'permerror', 'neutral', '', undefined].map(resultKey)).toEqual(
      ['pass', 'fail', 'none', 'error', 'neutral', '', ''])
  })
})

describe('other facts of a mail', () => {
  it.each([
    ['smime-signed', { family: 'smime', encrypted: false }],
    ['pgp-encrypted', { family: 'pgp', encrypted: true }],
    ['smime_enveloped', { family: 'smime', encrypted: true }],
    ['', null],
    [null, null],
  ])('protection %s', (value, protection) => expect(protectionOf(value)).toEqual(protection))

  it('minds a date of its own only when it is far off', () => {
    const at = '2026-11-22T12:00:00Z'
    expect(datedFarOff('2026-11-22T09:00:00Z', at)).toBe(false)
    expect(datedFarOff('2026-11-20T09:00:00Z', at)).toBe(true)
    expect(datedFarOff('2099-01-01T00:00:00Z', at)).toBe(true)
    expect(datedFarOff(null, at)).toBe(false)
    expect(datedFarOff('no date', at)).toBe(false)
  })

  it('names the proof that matched', () => {
    expect([null, 'token', 'in_reply_to', 'follow_up:subject', 'answered_by', 'mark'].map(proofKey)).toEqual(
      ['', 'token', 'inReplyTo', 'followUp', 'inReplyTo', 'marker'])
  })
})
