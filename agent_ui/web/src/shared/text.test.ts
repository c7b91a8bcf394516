import { expect, it } from 'vitest'
import { fold, hueOf, initials } from './text'

it('cuts names between letters as readers see them', () => {
  expect(initials('संजय कुलकर्णी')).toBe('संकु')
  expect(initials('ಲಕ್ಷ್ಮಿ ಗೌಡ')).toBe('ಲಗೌ')
  expect(initials('Asha')).toBe('A')
  expect(initials('  (Ravi)  the Great ')).not.toContain(' ')
  expect(initials('')).toBe('')
})

it('gives a name always the same hue', () => {
  expect(hueOf('Asha')).toBe(hueOf('Asha'))
  expect(hueOf('Asha')).toBeLessThan(360)
})

it('compares without accents and joiners', () => {
  expect(fold('Café')).toBe(fold('CAFE'))
  expect(fold('क\u200dष')).toBe(fold('कष'))
})
