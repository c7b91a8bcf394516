/** An account as its form holds it, and the way to the server and back. */
import type { NewPerson, Person, PersonChange } from '@/shared/api/people'

export interface PersonForm {
  name: string
  email: string
  role: string
  teamIds: number[]
  /** Empty: as many tickets as is usual at this desk. */
  capacity: number | null
  /** Of a new account only. */
  password: string
}

export const emptyForm = (): PersonForm => ({ name: '', email: '', role: 'agent', teamIds: [], capacity: null, password: '' })

export const formOf = (person: Person): PersonForm => ({
  name: person.name, email: person.email, role: person.role, teamIds: person.teams.map((team) => team.id),
  capacity: person.capacity, password: '',
})

const ordered = (ids: readonly number[]) => [...ids].sort((a, b) => a - b)

export const newPerson = (form: PersonForm): NewPerson => ({
  ...form, name: form.name.trim(), email: form.email.trim(), teamIds: ordered(form.teamIds),
})

/** Only what differs from what is saved: two people may change different things of one account. */
export function changesOf(form: PersonForm, saved: Person): PersonChange {
  const comparable = ({ name, email, role, teamIds, capacity }: PersonForm) =>
    ({ name: name.trim(), email: email.trim(), role, teamIds: ordered(teamIds), capacity: capacity ?? saved.capacity })
  const [now, before] = [comparable(form), comparable(formOf(saved))]
  return Object.fromEntries(Object.entries(now).filter(([key, value]) =>
    JSON.stringify(value) !== JSON.stringify(before[key as keyof typeof before])))
}

/** Put a team into a choice, or take it out. */
export const toggled = (ids: readonly number[], id: number, on: boolean): number[] =>
  on ? [...ids.filter((each) => each !== id), id] : ids.filter((each) => each !== id)

/** A new password somebody can read out: four groups of letters and digits without look-alikes. */
export function suggestPassword(random: (length: number) => Uint8Array = (length) => crypto.getRandomValues(new Uint8Array(length))): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  const most = 256 - 256 % letters.length
  let found = ''
  while (found.length < 16) for (const byte of random(32)) if (byte < most && found.length < 16) found += letters[byte % letters.length]
  return found.match(/.{4}/g)!.join('-')
}
