/** Response times: what is promised about a ticket, and the policies that say so. */
import { http } from './client'
import type { Entitlement } from './cover'
import type { Priority } from './types'

/** One promise about a ticket. `dueAt` is null while it is paused and not missed, or where the opening hours have no such moment. */
export interface TicketClock {
  kind: 'first_response' | 'resolution' | string
  policy: string
  /** Why it is due then, in English (`shared/promises.ts`). */
  reason: string
  minutes: number
  business: boolean
  isTold: boolean
  startedAt: string
  dueAt: string | null
  pausedAt: string | null
  metAt: string | null
  /** The deadline that was missed. */
  breachedAt: string | null
  /** Since when nothing is promised any more about what was missed. */
  endedAt: string | null
}

/** Within how many minutes, of opening hours or of the calendar. */
export interface Target {
  minutes: number
  business: boolean
}

/** What is promised for which tickets; null: whatever it is. */
export interface ResponsePolicy {
  id: number
  name: string
  entitlement: Entitlement | null
  priority: Priority | null
  hours: string
  firstResponse: Target | null
  resolution: Target | null
  isTold: boolean
  version: number
}

export interface PolicyInput extends Omit<ResponsePolicy, 'id' | 'version'> {
  /** Tickets that are open get it as well. */
  openToo: boolean
}

export const responseTimesApi = {
  list: () => http.get<ResponsePolicy[]>('/api/response-times'),
  create: (input: PolicyInput) => http.post<ResponsePolicy>('/api/response-times', input),
  change: (id: number, input: PolicyInput, version: number) => http.put<ResponsePolicy>(`/api/response-times/${id}`, input, { ifVersion: version }),
  remove: (id: number) => http.delete<void>(`/api/response-times/${id}`),
  hours: () => http.get<{ name: string }[]>('/api/opening-hours'),
}
