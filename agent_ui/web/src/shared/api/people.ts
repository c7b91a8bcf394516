/** The desk's own people and teams, for those who may manage them: shapes as the server publishes them, and the calls. */
import { http } from './client'
import type { components } from './schema'

type Schema = components['schemas']

export type Person = Schema['PersonView']
export type Role = Schema['RoleView']
export type NewPerson = Required<Schema['NewPersonInput']>
export type PersonChange = Schema['PersonInput']
export type Named = Schema['Named']

export const peopleApi = {
  people: () => http.get<Person[]>('/api/people'),
  roles: () => http.get<Role[]>('/api/people/roles'),
  person: (id: number) => http.get<Person>(`/api/people/${id}`),
  add: (input: NewPerson) => http.post<Person>('/api/people', input),
  change: (id: number, change: PersonChange) => http.patch<Person>(`/api/people/${id}`, change),
  activate: (id: number, active: boolean) => http.post<Person>(`/api/people/${id}/${active ? 'activate' : 'deactivate'}`),
  resetPassword: (id: number, password: string) => http.put<void>(`/api/people/${id}/password`, { password }),
  addTeam: (name: string) => http.post<Named>('/api/teams', { name }),
  renameTeam: (id: number, name: string) => http.patch<Named>(`/api/teams/${id}`, { name }),
}
