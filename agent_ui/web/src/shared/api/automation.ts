/** Automation: rules, macros with actions, webhooks, and what all of them did. */
import { http } from './client'
import type { Macro, TicketView } from './types'

export type Value = string | number | boolean | null | (string | number)[]

/** One question: a field, an operator of its type, and a value where the operator needs one. */
export interface Question { kind: 'question'; field: string; op: string; value?: Value }
export interface Group { kind: 'group'; match: 'all' | 'any' | 'none'; of: Condition[] }
export type Condition = Group | Question

export interface OnEvent { kind: 'event'; of: string[] }
export interface AfterTime { kind: 'time'; since: string; minutes: number; business: boolean; hours: string; again: boolean }
export type Trigger = OnEvent | AfterTime

export type Action =
  | { kind: 'assign'; agent?: number | null; me?: boolean }
  | { kind: 'team'; team?: number | null }
  | { kind: 'priority'; value: string }
  | { kind: 'status'; value: string }
  | { kind: 'tags'; add?: string[]; remove?: string[] }
  | { kind: 'snooze'; minutes?: number | null; hours?: string }
  | { kind: 'queue'; queue: number }
  | { kind: 'skill'; skill: number; level?: number; optional?: boolean }
  | { kind: 'note'; text: string }
  | { kind: 'reply'; html: string }
  | { kind: 'mail'; to: string; subject: string; text: string }
  | { kind: 'webhook'; webhook: number }
export type ActionKind = Action['kind']

/** How a rule fared in the last seven days. */
export interface Health { acted: number; failed: number; stopped: number; lastAt: string | null }

export interface RuleInput {
  name: string
  trigger: Trigger
  condition: Condition
  actions: Action[]
  excludes: string[]
  isEnabled: boolean
}

export interface Rule extends RuleInput {
  id: number
  position: number
  rights: string[]
  teamIds: number[] | null
  /** Why it was switched off by itself. */
  flag: string | null
  heldUntil: string | null
  version: number
  changedAt: string | null
  changedBy: string
  health: Health
}

export interface Answered { field: string; op: string; value: Value; found: Value; holds: boolean }
export interface Effect { action: string; old: Value; new: Value; changes: boolean }

/** What a rule did once, or why it was stopped. */
export interface Run {
  id: number
  ruleId: number
  rule: string
  ticketId: number | null
  subject: string | null
  at: string
  trigger: string
  outcome: 'acted' | 'failed' | 'stopped' | 'capped' | string
  reason: string
  answers: Answered[]
  effects: Effect[]
  chain: number[]
}

export interface Hit { ticketId: number; subject: string; at: string; trigger: string; answers: Answered[]; effects: Effect[] }
/** What a rule would have done last week, or would do now. */
export interface Trial { lookedAt: number; isPart: boolean; wouldAct: number; hits: Hit[] }

/** What can be asked of a field. */
export interface Field { name: string; type: string; of: string; options: string[]; operators: string[] }
export interface Catalogue { happenings: string[]; fields: Field[]; origins: string[]; webhookKinds: string[] }

export interface WebhookInput { name: string; url: string; kinds: string[]; isEnabled: boolean }
export interface Webhook extends WebhookInput {
  id: number
  failingSince: string | null
  flag: string | null
  version: number
  waiting: number
  failed: number
  lastAt: string | null
}

/** A webhook that was just written; the secret is there once. */
export interface WrittenWebhook extends WebhookInput { id: number; flag: string | null; version: number; secret: string | null }

export interface WebhookDelivery {
  id: number
  name: string
  kind: string
  ticketId: number | null
  body: string
  state: 'waiting' | 'sending' | 'done' | 'failed' | string
  attempts: number
  nextAt: string | null
  status: number | null
  error: string | null
  history: { [key: string]: unknown }[]
  createdAt: string
}

/** What was taken over from a file, and what was not, with the reason. */
export interface Taken { made: string[]; changed: string[]; refused: string[] }

export const rulesApi = {
  list: () => http.get<Rule[]>('/api/rules'),
  read: (id: number) => http.get<Rule>(`/api/rules/${id}`),
  create: (input: RuleInput) => http.post<Rule>('/api/rules', input),
  change: (id: number, input: RuleInput, version: number) => http.put<Rule>(`/api/rules/${id}`, input, { ifVersion: version }),
  remove: (id: number) => http.delete<void>(`/api/rules/${id}`),
  switch: (id: number, on: boolean) => http.post<Rule>(`/api/rules/${id}/switch`, { on }),
  order: (ids: number[]) => http.put<Rule[]>('/api/rules/order', { ids }),
  trial: (input: RuleInput) => http.post<Trial>('/api/rules/trial', input),
  runs: (which: { ruleId?: number; before?: number } = {}) => {
    const query = new URLSearchParams(Object.entries(which).filter(([, value]) => value).map(([key, value]) => [key, String(value)]))
    return http.get<Run[]>(`/api/rules/runs?${query.toString()}`)
  },
  catalogue: () => http.get<Catalogue>('/api/rules/catalogue'),
  takeOver: (file: unknown) => http.post<Taken>('/api/rules/file', file),
}

export const macrosApi = {
  list: (ticketId?: number) => http.get<Macro[]>(ticketId ? `/api/macros?ticketId=${ticketId}` : '/api/macros'),
  create: (input: MacroInput) => http.post<Macro>('/api/macros', input),
  change: (id: number, input: MacroInput) => http.put<Macro>(`/api/macros/${id}`, input),
  remove: (id: number) => http.delete<void>(`/api/macros/${id}`),
  apply: (ticketId: number, id: number, skip: number[]) => http.post<TicketView>(`/api/tickets/${ticketId}/macros/${id}`, { skip }),
}
export interface MacroInput { name: string; html: string; actions: Action[] }

export const webhooksApi = {
  list: () => http.get<Webhook[]>('/api/webhooks'),
  create: (input: WebhookInput) => http.post<WrittenWebhook>('/api/webhooks', input),
  change: (id: number, input: WebhookInput, version: number) => http.put<WrittenWebhook>(`/api/webhooks/${id}`, input, { ifVersion: version }),
  remove: (id: number) => http.delete<void>(`/api/webhooks/${id}`),
  renew: (id: number) => http.post<{ secret: string }>(`/api/webhooks/${id}/secret`, {}),
  tryOut: (id: number) => http.post<{ deliveryId: number }>(`/api/webhooks/${id}/try`, {}),
  deliveries: (id: number, before?: number) => http.get<WebhookDelivery[]>(`/api/webhooks/${id}/deliveries${before ? `?before=${before}` : ''}`),
  replay: (deliveryId: number) => http.post<void>(`/api/webhooks/deliveries/${deliveryId}/replay`, {}),
}
