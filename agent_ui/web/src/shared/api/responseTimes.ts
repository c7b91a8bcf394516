/** Response times: what is promised about a ticket, and the policies that say so. */
import { http } from './client'
import type { Entitlement } from './cover'
import type { Priority, TicketView } from './types'

export type ClockKind = 'first_response' | 'next_response' | 'resolution' | 'call_answer'

/** One promise about a ticket. `dueAt` is null while it is paused and not missed, or where the opening hours have no such moment. */
export interface TicketClock {
  kind: ClockKind | string
  policy: string
  /** Why it is due then, in English (`shared/promises.ts`). */
  reason: string
  minutes: number
  business: boolean
  isTold: boolean
  startedAt: string
  dueAt: string | null
  /** At how many percent of its time somebody was warned last; 0: not yet. */
  warned: number
  pausedAt: string | null
  metAt: string | null
  /** It was met then, and its ticket was opened again. */
  firstMetAt: string | null
  /** The deadline that was missed. */
  breachedAt: string | null
  /** Since when nothing is promised any more about what was missed. */
  endedAt: string | null
}

/** What an agent has promised the customer of a ticket. */
export interface TicketPromise {
  id: number
  text: string
  dueAt: string
  /** The customer sees it on the portal. */
  isTold: boolean
  madeBy: string
  madeAt: string
  keptAt: string | null
  /** It was not kept by then; it may be kept later. */
  brokenAt: string | null
}

export type PromiseInput = Pick<TicketPromise, 'text' | 'dueAt' | 'isTold'>

/** Within how many minutes, of opening hours or of the calendar. */
export interface Target {
  minutes: number
  business: boolean
}

/** What is promised for which tickets; null: whatever it is. */
export interface ResponsePolicy {
  id: number
  name: string
  tier: string | null
  entitlement: Entitlement | null
  queueId: number | null
  teamId: number | null
  priority: Priority | null
  /** Null: those of the request's queue. */
  hours: string | null
  firstResponse: Target | null
  nextResponse: Target | null
  resolution: Target | null
  callAnswer: Target | null
  isTold: boolean
  /** At how many percent of the time somebody is warned. */
  warnings: number[]
  /** Statuses in which the time to the solution does not count. */
  restsIn: string[]
  reopening: 'continue' | 'restart' | string
  version: number
}

export interface PolicyInput extends Omit<ResponsePolicy, 'id' | 'version'> {
  /** Tickets that are open get it as well. */
  openToo: boolean
}

/** How promises of the last weeks were kept. */
export interface KeptReport {
  since: string
  until: string
  policies: { policy: string; kind: string; met: number; missed: number; running: number; unneeded: number; firstInTime: number; reopened: number }[]
  causes: { owner: string | null; ownerState: string | null; count: number }[]
  promises: { kept: number; keptLate: number; broken: number; open: number; withdrawn: number }
}

export const responseTimesApi = {
  list: () => http.get<ResponsePolicy[]>('/api/response-times'),
  create: (input: PolicyInput) => http.post<ResponsePolicy>('/api/response-times', input),
  change: (id: number, input: PolicyInput, version: number) => http.put<ResponsePolicy>(`/api/response-times/${id}`, input, { ifVersion: version }),
  remove: (id: number) => http.delete<void>(`/api/response-times/${id}`),
  hours: () => http.get<{ name: string }[]>('/api/opening-hours'),
  tiers: () => http.get<string[]>('/api/tiers'),
  queues: () => http.get<{ id: number; name: string }[]>('/api/routing/queues'),
  report: () => http.get<KeptReport>('/api/reports/response-times'),
}

export const tiersApi = {
  ofOrganisation: (id: number, tier: string | null, version: number) => http.put<{ tier: string | null }>(`/api/organisations/${id}`, { tier }, { ifVersion: version }),
}

export const promisesApi = {
  make: (ticketId: number, input: PromiseInput) => http.post<TicketView>(`/api/tickets/${ticketId}/promises`, input),
  move: (id: number, input: PromiseInput) => http.put<TicketView>(`/api/promises/${id}`, input),
  keep: (id: number) => http.post<TicketView>(`/api/promises/${id}/keep`),
  withdraw: (id: number) => http.post<TicketView>(`/api/promises/${id}/withdraw`),
  noReplyNeeded: (ticketId: number) => http.post<TicketView>(`/api/tickets/${ticketId}/no-reply-needed`),
}
