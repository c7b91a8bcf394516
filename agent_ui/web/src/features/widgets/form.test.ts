import { describe, expect, it } from 'vitest'
import { formOf, inputOf } from './form'

describe('the form of a widget', () => {
  it('has sites one a line, and gives back only languages with words', () => {
    const form = formOf(null)
    form.name = 'Shop'
    form.origins = 'https://shop.example\n\n  https://*.shop.example '
    form.texts = { en: { title: '', welcome: ' ', offline: '' }, hi: { title: '', welcome: 'नमस्ते', offline: '' } }
    const input = inputOf(form)
    expect(inputOf({ ...form, origins: 'not a site' }).origins).toEqual(['not a site'])
    expect(input.origins).toEqual(['https://shop.example', 'https://*.shop.example'])
    expect(Object.keys(input.texts ?? {})).toEqual(['hi'])
  })
})
