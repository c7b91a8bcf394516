import { expect, it } from 'vitest'
import { fold, htmlOfText, hueOf, initials, textOfHtml } from './text'

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

it('turns lines into HTML and back without losing a sign', () => {
  for (const text of ['Asha Verma\nA < B & "C"', 'One line', '']) expect(textOfHtml(htmlOfText(text))).toBe(text)
  expect(htmlOfText('a\nb')).toBe('<p>a<br>b</p>')
  expect(textOfHtml('<p>Neha <b>Kulkarni</b><br>Pune</p><p>Tel</p>')).toBe('Neha Kulkarni\nPune\nTel')
  expect(textOfHtml('plain &amp; old')).toBe('plain & old')
})
