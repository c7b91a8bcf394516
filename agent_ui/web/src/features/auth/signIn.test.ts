import { describe, expect, it } from 'vitest'
import { checkFields } from './signIn'

describe('sign-in fields', () => {
  it('name what is missing', () => {
    expect(checkFields('', '')).toEqual({ email: 'signIn.emailMissing', password: 'signIn.passwordMissing' })
    expect(checkFields('asha', 'x').email).toBe('signIn.emailWrong')
    expect(checkFields(' asha@example.test ', 'x')).toEqual({ email: '', password: '' })
  })
})
