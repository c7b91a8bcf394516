import { describe, expect, it } from 'vitest'
import type { Brand } from '@/shared/api/portal'
import { formOf, hostOf, inputOf, LARGEST_LOGO, newLink, textsOf, wrongLogo } from './brandForm'

const BRAND: Brand = {
  id: 4, host: 'help.acme.example', name: 'Acme', hue: 30, logo: '/portal/logo/4/abc', defaultLanguage: 'hi', languages: ['en', 'hi'],
  question: { en: 'What can we do for you?' }, description: {}, footerLinks: [{ words: { en: 'Terms' }, address: 'https://acme.example/terms' }],
  contactAddress: '', contactPhone: '', mailboxId: null, teamId: 2, version: 3,
}

describe('the form of a brand', () => {
  it('gives back what it was given', () => {
    const input = inputOf(formOf(BRAND, ['en', 'hi', 'kn']))
    expect({ ...BRAND, ...input }).toEqual(BRAND)
    expect(Object.keys(BRAND).filter((name) => !(name in input))).toEqual(['id', 'logo', 'version'])
  })
  it('begins with every language', () => expect(formOf(null, ['en', 'hi', 'kn']).languages).toEqual(['en', 'hi', 'kn']))
  it('sends whole degrees and no empty words', () => {
    const form = formOf(BRAND, [])
    Object.assign(form, { hue: null, name: ' Acme ', question: { en: 'Hello?', hi: '  ' } })
    form.footerLinks.push({ ...newLink(), words: { en: '' }, address: ' /terms ' })
    expect(inputOf(form)).toMatchObject({ hue: 0, name: 'Acme', question: { en: 'Hello?' }, footerLinks: [{}, { words: {}, address: '/terms' }] })
    expect(textsOf(form)).toHaveLength(4)
  })
  it.each([
    [' Help.Acme.example ', 'help.acme.example'], ['https://help.acme.example:8443/portal?x=1', 'help.acme.example:8443'], ['', ''], ['not a host', 'not a host'],
  ])('takes %s for the host %s', (typed, host) => expect(hostOf(typed)).toBe(host))
  it('knows what can be no logo before it is sent', () => {
    expect(wrongLogo({ size: 10, type: 'image/svg+xml' })).toBe('')
    expect(wrongLogo({ size: 10, type: '' })).toBe('')
    expect(wrongLogo({ size: LARGEST_LOGO + 1, type: 'image/png' })).toBe('size')
    expect(wrongLogo({ size: 10, type: 'application/pdf' })).toBe('type')
  })
})
