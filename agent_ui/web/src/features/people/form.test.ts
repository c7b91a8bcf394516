import { describe, expect, it } from 'vitest'
import type { Person } from '@/shared/api/people'
import { changesOf, emptyForm, formOf, newPerson, suggestPassword, toggled } from './form'

const saved: Person = {
  id: 7, name: 'Asha', email: 'asha@desk.example', role: 'agent', capacity: 8, isActive: true,
  teams: [{ id: 2, name: 'Repairs' }, { id: 5, name: 'Billing' }],
}

describe('an account that exists', () => {
  it('sends nothing while nothing was changed', () => {
    expect(changesOf(formOf(saved), saved)).toEqual({})
    expect(changesOf({ ...formOf(saved), name: ' Asha ', teamIds: [5, 2], capacity: null }, saved)).toEqual({})
  })
  it('sends only what was changed', () => {
    expect(changesOf({ ...formOf(saved), teamIds: [5], capacity: 3 }, saved)).toEqual({ teamIds: [5], capacity: 3 })
    expect(changesOf({ ...formOf(saved), teamIds: [] }, saved)).toEqual({ teamIds: [] })
  })
})

it('a new account leaves its capacity to the desk', () => {
  const form = { ...emptyForm(), name: ' Asha ', email: ' asha@desk.example ', teamIds: [5, 2], password: ' with blanks ' }
  expect(newPerson(form)).toEqual({
    name: 'Asha', email: 'asha@desk.example', role: 'agent', teamIds: [2, 5], capacity: null, password: ' with blanks ',
  })
})

it('teams go in and out once', () => {
  expect(toggled([2], 5, true)).toEqual([2, 5])
  expect(toggled([2, 5], 5, true)).toEqual([2, 5])
  expect(toggled([2, 5], 2, false)).toEqual([5])
})

it('a suggested password has no look-alikes and no letter more often than others', () => {
  expect(suggestPassword()).toMatch(/^([a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}$/)
  expect(suggestPassword((length) => new Uint8Array(length).map((_, at) => (at % 2 ? 255 : 0)))).toBe('aaaa-aaaa-aaaa-aaaa')
})
