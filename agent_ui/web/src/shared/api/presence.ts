/** Presence of oneself and of colleagues, open work and its hand-over, wallboards. */
import { http } from './client'
import type { Channel, PresenceState, Priority, Standing, Status } from './types'

/** Why an agent takes no new work; one with a `key` is said in every language (`presence.reasons`). */
export interface Reason {
  id: number
  key: string | null
  name: string
  state: 'break' | 'busy'
}

export interface PresenceRules {
  /** Minutes after which an available agent who touches nothing takes a break; null: never. */
  idleMinutes: number | null
  wrapUpSeconds: number
  afterChats: boolean
  afterCalls: boolean
}

/** One thing that an agent has not finished. */
export interface OpenWork {
  ticketId: number
  subject: string
  customer: string
  channel: Channel
  status: Status
  priority: Priority
  waitingSince: string | null
  dueAt: string | null
  snoozedUntil: string | null
}

export interface BoardRow {
  agentId: number
  name: string
  teamIds: number[]
  presence: Standing
  /** Her windows have just fallen silent. */
  isLost: boolean
  tabs: number
  openCount: number
  /** What she holds by the weights of its kinds. */
  load: number
  capacity: number
}

export type Forced = Exclude<PresenceState, 'wrap_up'>

export interface WallboardLink {
  id: number
  name: string
  teamId: number | null
  createdAt: string
  seenAt: string | null
}

export interface Figures {
  at: string
  waiting: { name: string; count: number; oldestAt: string }[]
  agents: Partial<Record<PresenceState, number>>
  free: number
  met: number
  missed: number
  late: number
  soon: number
  next: { ticketId: number; dueAt: string; team: string | null; agent: string | null }[]
}

export const presenceApi = {
  reasons: () => http.get<Reason[]>('/api/presence-reasons'),
  addReason: (name: string, state: Reason['state']) => http.post<Reason>('/api/presence-reasons', { name, state }),
  changeReason: (id: number, name: string, state: Reason['state']) => http.patch<Reason>(`/api/presence-reasons/${id}`, { name, state }),
  sortReasons: (ids: number[]) => http.put<Reason[]>('/api/presence-reasons/order', { ids }),
  removeReason: (id: number) => http.delete<void>(`/api/presence-reasons/${id}`),
  rules: () => http.get<PresenceRules>('/api/settings/presence'),
  saveRules: (rules: PresenceRules) => http.put<PresenceRules>('/api/settings/presence', rules),
  myWork: () => http.get<OpenWork[]>('/api/me/work'),
  handOver: (ticketIds: number[]) => http.post<{ ticketIds: number[] }>('/api/me/hand-over', { ticketIds }),
  board: () => http.get<BoardRow[]>('/api/board'),
  force: (agentId: number, state: Forced, reason: string | null = null) => http.put<Standing>(`/api/board/agents/${agentId}/presence`, { state, reason }),
  workOf: (agentId: number) => http.get<OpenWork[]>(`/api/board/agents/${agentId}/work`),
  handOverOf: (agentId: number, ticketIds: number[]) => http.post<{ ticketIds: number[] }>(`/api/board/agents/${agentId}/hand-over`, { ticketIds }),
}

export const wallboardApi = {
  figures: (teamId: number | null) => http.get<Figures>('/api/wallboards/figures', { query: { teamId } }),
  /** By the token of a link, without a session. */
  shown: (token: string) => http.get<Figures>('/api/wallboards/shown', { headers: { 'x-wallboard-token': token }, timeout: 10_000 }),
  links: () => http.get<WallboardLink[]>('/api/wallboards'),
  create: (name: string, teamId: number | null) => http.post<{ wallboard: WallboardLink; token: string }>('/api/wallboards', { name, teamId }),
  revoke: (id: number) => http.delete<void>(`/api/wallboards/${id}`),
}
