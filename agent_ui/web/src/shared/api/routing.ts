/** Queues, skills, kinds of work, offers, what waits and why: shapes as the server publishes them, and the calls. */
import { http } from './client'
import type { components } from './schema'
import type { Channel, Page, Priority } from './types'

type Schema = components['schemas']

export type Queue = Schema['QueueView']
export type QueueInput = Omit<Queue, 'id' | 'isDefault' | 'version'>
export type Ring = Schema['RingView']
export type Need = Schema['NeedView']
export type Skill = Schema['Named']
export type Able = Schema['AbleView']
export type Kind = Schema['KindView']
export type Work = Schema['WorkView']
export type Waiting = Schema['WaitingView']
export type Offer = Omit<Schema['OfferView'], 'channel' | 'priority'> & { channel: Channel; priority: Priority }

export const routingApi = {
  queues: () => http.get<Queue[]>('/api/routing/queues'),
  makeQueue: (input: QueueInput) => http.post<Queue>('/api/routing/queues', input),
  changeQueue: (id: number, input: QueueInput, version: number) => http.put<Queue>(`/api/routing/queues/${id}`, input, { ifVersion: version }),
  removeQueue: (id: number) => http.delete<void>(`/api/routing/queues/${id}`),
  skills: () => http.get<Skill[]>('/api/routing/skills'),
  makeSkill: (name: string) => http.post<Skill>('/api/routing/skills', { name }),
  renameSkill: (id: number, name: string) => http.patch<Skill>(`/api/routing/skills/${id}`, { name }),
  removeSkill: (id: number) => http.delete<void>(`/api/routing/skills/${id}`),
  agents: () => http.get<Able[]>('/api/routing/agents'),
  changeAgent: (id: number, skills: Able['skills'], hourlyCap: number | null) => http.put<Able>(`/api/routing/agents/${id}`, { skills, hourlyCap }),
  kinds: () => http.get<Kind[]>('/api/routing/kinds'),
  changeKind: ({ kind, ...input }: Kind) => http.put<Kind>(`/api/routing/kinds/${kind}`, input),
  waiting: (queueId: number | null, after?: string) => http.get<Page<Waiting>>('/api/routing/waiting', { query: { queue_id: queueId, after } }),
  work: (ticketId: number) => http.get<Work>(`/api/tickets/${ticketId}/work`),
  move: (ticketId: number, to: { queueId: number } | { agentId: number | null }) => http.post<Work>(`/api/tickets/${ticketId}/move`, to),
  offers: () => http.get<Offer[]>('/api/offers'),
  accept: (id: number) => http.post<{ ticketId: number }>(`/api/offers/${id}/accept`),
  reject: (id: number, reason: string) => http.post<void>(`/api/offers/${id}/reject`, { reason }),
}
