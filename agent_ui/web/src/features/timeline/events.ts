/** What an event says, in the reader's words: a key of the catalogue and what goes into it. */
import type { EventItem } from '@/shared/api/types'

export interface EventWords {
  /** Key under `timeline.events`. */
  key: string
  /** Raw values; names of people, teams and states are looked up by the caller. */
  values: Record<string, string>
}

/** Turns ids and codes into words; unknown ones come back as they are. */
export interface EventNames {
  agent(id: number): string
  team(id: number): string
  status(code: string): string
  priority(code: string): string
  entitlement(code: string): string
  /** What a clock promises. */
  clock(kind: string): string
  /** Whether somebody is there. */
  presence(state: string): string
  /** Why response times are others now. */
  because(code: string): string
  time(iso: string): string
  reason(sentence: string): string
  nobody: string
}

type Data = Record<string, unknown>

/** A person or team in an event may be an id, a name or both. */
function named(value: unknown, byId: (id: number) => string, nobody: string): string {
  if (value === null || value === undefined || value === '') return nobody
  if (typeof value === 'number') return byId(value)
  if (typeof value === 'object') {
    const { name, id } = value as { name?: unknown; id?: unknown }
    if (typeof name === 'string' && name) return name
    return typeof id === 'number' ? byId(id) : nobody
  }
  return String(value)
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(', ') : ''
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value)
}

function assigned(data: Data, names: EventNames): EventWords {
  const none = data.to === null || data.to === undefined
  const to = named(data.to, names.agent, names.nobody)
  const from = named(data.from, names.agent, names.nobody)
  return { key: none ? 'unassigned' : 'assigned', values: { to, from } }
}

function tagsChanged(data: Data): EventWords {
  const added = list(data.added)
  const removed = list(data.removed)
  if (added && removed) return { key: 'tagsChanged', values: { added, removed } }
  return added ? { key: 'tagsAdded', values: { added } } : { key: 'tagsRemoved', values: { removed } }
}

/** Who had the ticket when it was missed, and whether she was there: "Neha (On a break)". */
function breached(data: Data, names: EventNames): EventWords {
  const { owner, owner_state: state } = (data.cause ?? {}) as { owner?: string | null; owner_state?: string | null }
  const who = owner ? (state ? `${owner} (${names.presence(state)})` : owner) : names.nobody
  if (data.clock === 'promise') return { key: 'promiseBroken', values: { text: text(data.reason), due: names.time(text(data.due_at)), who } }
  return { key: 'breached', values: { clock: names.clock(text(data.clock)), due: names.time(text(data.due_at)), who } }
}

function recomputed(data: Data, names: EventNames): EventWords {
  const clocks = (Array.isArray(data.to) ? data.to : []) as { kind?: unknown; due_at?: unknown }[]
  const list = clocks.map((clock) => [names.clock(text(clock.kind)), names.time(text(clock.due_at))].filter(Boolean).join(' ')).join(', ')
  return { key: list ? 'recomputed' : 'promisedNoMore', values: { because: names.because(text(data.because)), list } }
}

const WORDS: Record<string, (data: Data, names: EventNames) => EventWords> = {
  'ticket.created': () => ({ key: 'created', values: {} }),
  'ticket.assigned': assigned,
  'ticket.status_changed': (data, names) => ({
    key: 'statusChanged',
    values: { from: names.status(text(data.from)), to: names.status(text(data.to)) },
  }),
  'ticket.priority_changed': (data, names) => ({
    key: 'priorityChanged',
    values: { from: names.priority(text(data.from)), to: names.priority(text(data.to)) },
  }),
  'ticket.tags_changed': tagsChanged,
  'ticket.snoozed': (data, names) => ({ key: 'snoozed', values: { until: names.time(text(data.until)) } }),
  'ticket.woken': () => ({ key: 'woken', values: {} }),
  'ticket.team_changed': (data, names) => ({ key: 'teamChanged', values: { to: named(data.to, names.team, names.nobody) } }),
  'ticket.subject_changed': (data) => ({ key: 'subjectChanged', values: { from: text(data.from), to: text(data.to) } }),
  'ticket.routed': (data, names) => ({
    key: (data.agent_id ?? null) === null ? 'notRouted' : 'routed',
    values: { to: named(data.agent_name ?? data.agent_id, names.agent, names.nobody), reason: names.reason(text(data.reason)) },
  }),
  'routing.moved': (data) => ({ key: 'queueChanged', values: { to: text(data.to_name) } }),
  'ticket.merged': (data) => ({ key: 'merged', values: { ticket: text(data.into_id ?? data.from) } }),
  'ticket.rated': (data) => ({
    key: text(data.comment) ? 'ratedWithComment' : 'rated',
    values: { score: text(data.score), comment: text(data.comment) },
  }),
  'chat.turned_to_mail': (data) => ({ key: data.address ? 'chatToMail' : 'chatToNobody', values: { address: text(data.address) } }),
  'chat.ended': (data) => ({ key: data.by === 'visitor' ? 'chatEndedByVisitor' : 'chatEnded', values: {} }),
  'ticket.product_chosen': (data, names) => ({
    key: (data.registration_id ?? null) === null ? 'productTaken' : 'productChosen',
    values: { product: text(data.product), state: names.entitlement(text(data.entitlement)) },
  }),
  'ticket.entitlement_applied': (data, names) => ({
    key: 'entitlementApplied',
    values: { from: names.entitlement(text(data.from)), to: names.entitlement(text(data.to)) },
  }),
  'sla.breached': breached,
  'sla.recomputed': recomputed,
  'sla.warned': (data, names) => ({
    key: data.clock === 'promise' ? 'promiseWarned' : data.to_leads ? 'warnedLeads' : 'warned',
    values: { clock: names.clock(text(data.clock)), text: text(data.reason), due: names.time(text(data.due_at)), percent: text(data.percent) },
  }),
  'promise.made': (data, names) => ({ key: 'promised', values: { text: text(data.text), due: names.time(text(data.due_at)) } }),
  'promise.moved': (data, names) => ({ key: 'promiseMoved', values: { text: text(data.text), due: names.time(text(data.to ?? data.new)) } }),
  'promise.kept': (data) => ({ key: data.in_time ? 'promiseKept' : 'promiseKeptLate', values: { text: text(data.text) } }),
  'promise.withdrawn': (data) => ({ key: 'promiseWithdrawn', values: { text: text(data.text) } }),
  'message.no_reply_needed': () => ({ key: 'noReplyNeeded', values: {} }),
  'delivery.failed': (data) => ({ key: 'deliveryFailed', values: { reason: text(data.error) } }),
  'delivery.bounced': (data) => ({ key: 'deliveryBounced', values: { reason: text(data.error) } }),
  'delivery.cancelled': () => ({ key: 'deliveryCancelled', values: {} }),
  'delivery.unknown': () => ({ key: 'deliveryUnknown', values: {} }),
}

export function eventWords(item: Pick<EventItem, 'kind' | 'data'>, names: EventNames): EventWords {
  const words = WORDS[item.kind]
  return words ? words(item.data, names) : { key: 'other', values: { kind: item.kind.replace(/[._]/g, ' ') } }
}
