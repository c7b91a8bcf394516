/** What was sold: the catalogue, registered products, claims, recalls, orders, and keys of programs. */
import { http } from './client'
import type { Entitlement } from './cover'
import type { Locale, Page, Priority, TicketView } from './types'

export interface Product {
  id: number
  sku: string
  name: string
  names: Record<string, string>
  family: string
  serialMasks: string
  serialExample: string
  serialCheck: string
  serialPlace: string
  serialPlaces: Record<string, string>
  hasPicture: boolean
  manualUrl: string
  articleTags: string[]
  soldFrom: string | null
  isActive: boolean
  version: number
}

export interface WarrantyRule {
  id: number
  name: string
  productId: number | null
  family: string | null
  country: string | null
  boughtFrom: string | null
  boughtUntil: string | null
  registerWithinDays: number | null
  startsFrom: 'purchase' | 'registration'
  months: number
  covers: string
  isActive: boolean
}

export interface Registration {
  id: number
  productId: number
  sku: string
  product: string
  serial: string
  customerId: number
  customer: string
  country: string
  purchasedOn: string
  registeredAt: string
  seller: string
  warrantyName: string
  warrantyCovers: string
  warrantyUntil: string | null
  contractUntil: string | null
  warrantyReason: string
  endedAt: string | null
  endedBecause: string
  version: number
  recalled: boolean
  claimed: boolean
  state: Entitlement
  until: string | null
}

export interface OrderLine {
  text: string
  sku: string
  quantity: number
  unitPrice: number
  serial: string
}

export interface Order {
  id: number
  number: string
  status: string
  paymentStatus: string
  orderedOn: string
  deliverOn: string | null
  deliveredOn: string | null
  currency: string
  total: number
  lines: OrderLine[]
}

export interface Claim {
  id: number
  state: string
  createdAt: string
  decidedAt: string | null
  reason: string
  words: string
  purchasedOn: string
  country: string
  seller: string
  registrationId: number
  product: string
  serial: string
  claimantId: number
  claimant: string
  ownerId: number
  owner: string
  registeredAt: string
  ownerPurchasedOn: string
}

export interface Proof {
  id: number
  name: string
  contentType: string
  size: number
  createdAt: string
}

export interface RegistrationDetail {
  registration: Registration
  owners: { customerId: number; name: string; how: string; fromAt: string; untilAt: string | null }[]
  extensions: { id: number; kind: string; months: number; reason: string; createdAt: string }[]
  proofs: Proof[]
}

export interface ClaimDetail {
  claim: Claim
  proofs: Proof[]
  ownerProofs: Proof[]
}

export const CASE_STATES = ['to_contact', 'mailed', 'answered', 'done', 'unreachable'] as const
export type CaseState = (typeof CASE_STATES)[number]

export interface RecallWords { title: string; text: string }

export interface Recall {
  id: number
  /** In the desk's default language, as the text; `words` has the other ones. */
  title: string
  text: string
  words: Partial<Record<string, RecallWords>>
  productId: number
  product: string
  ranges: string[][]
  state: 'draft' | 'running' | 'closed' | string
  createdAt: string
  startedAt: string | null
  closedAt: string | null
  progress: Record<string, number>
  matching: number | null
}

export interface RecallCase {
  id: number
  registrationId: number
  serial: string
  customerId: number
  customer: string
  email: string | null
  phone: string | null
  state: string
  note: string
  mailedAt: string | null
  changedAt: string
}

export interface ImportResult {
  kind: string
  dryRun: boolean
  rows: number
  created: number
  changed: number
  unchanged: number
  failed: number
  problems: { line: number; field: string; message: string }[]
  errorsFile: string
}

export interface ApiKey {
  id: number
  name: string
  prefix: string
  scopes: string[]
  createdAt: string
  lastUsedAt: string | null
  revokedAt: string | null
}

export const SCOPES = ['products:read', 'products:register', 'products:manage', 'orders:write', 'customers:read'] as const
export type Scope = (typeof SCOPES)[number]
export const KINDS = ['catalogue', 'registrations', 'orders'] as const
export type ImportKind = (typeof KINDS)[number]

export type ProductInput = Partial<Omit<Product, 'id' | 'hasPicture' | 'version' | 'serialCheck'> & { serialCheck: '' | 'luhn' | 'mod97' }>
export type RuleInput = Partial<Omit<WarrantyRule, 'id'>>
export interface RecallInput { title: string; text: string; words: Partial<Record<Locale, RecallWords>>; productId: number; ranges: [string, string][] }
export interface CustomerProducts { registrations: Registration[]; orders: Order[]; claims: Claim[] }

function form(fields: Record<string, string | Blob>): FormData {
  const made = new FormData()
  for (const [name, value] of Object.entries(fields)) made.append(name, value)
  return made
}

export const productsApi = {
  list: () => http.get<Product[]>('/api/products'),
  create: (input: ProductInput) => http.post<Product>('/api/products', input),
  change: (id: number, input: ProductInput, version: number) => http.patch<Product>(`/api/products/${id}`, input, { ifVersion: version }),
  setPicture: (id: number, file: File) => http.put<Product>(`/api/products/${id}/picture`, undefined, { form: form({ file }) }),
  rules: () => http.get<WarrantyRule[]>('/api/products/warranty-rules'),
  createRule: (input: RuleInput) => http.post<WarrantyRule>('/api/products/warranty-rules', input),
  changeRule: (id: number, input: RuleInput) => http.patch<WarrantyRule>(`/api/products/warranty-rules/${id}`, input),
  priorities: () => http.get<{ priorities: Partial<Record<Entitlement, Priority>> }>('/api/products/priorities'),
  setPriorities: (priorities: Partial<Record<Entitlement, Priority>>) => http.put<{ priorities: Partial<Record<Entitlement, Priority>> }>('/api/products/priorities', { priorities }),
  registration: (id: number) => http.get<RegistrationDetail>(`/api/products/registrations/${id}`),
  register: (input: { customerId: number; productId: number; serial: string; purchasedOn: string; seller: string }) =>
    http.post<{ state: string; registration: Registration }>('/api/products/registrations', input),
  extend: (id: number, kind: 'granted' | 'bought', months: number, reason: string) =>
    http.post<RegistrationDetail>(`/api/products/registrations/${id}/extensions`, { kind, months, reason }),
  recompute: (id: number) => http.post<RegistrationDetail>(`/api/products/registrations/${id}/recompute`),
  ofCustomer: (id: number) => http.get<CustomerProducts>(`/api/products/registrations/of-customer/${id}`),
  choose: (ticketId: number, registrationId: number | null) => http.put<TicketView>(`/api/tickets/${ticketId}/product`, { registrationId }),
  applyEntitlement: (ticketId: number) => http.post<TicketView>(`/api/tickets/${ticketId}/entitlement`),
  claims: (state: string) => http.get<Claim[]>('/api/products/claims', { query: { state } }),
  claim: (id: number) => http.get<ClaimDetail>(`/api/products/claims/${id}`),
  decide: (id: number, approve: boolean, reason: string) => http.post<ClaimDetail>(`/api/products/claims/${id}/decision`, { approve, reason }),
  proofUrl: (id: number) => `/api/products/proofs/${id}`,
  recalls: () => http.get<Recall[]>('/api/products/recalls'),
  recall: (id: number) => http.get<Recall>(`/api/products/recalls/${id}`),
  saveRecall: (input: RecallInput, id?: number) => (id ? http.put<Recall>(`/api/products/recalls/${id}`, input) : http.post<Recall>('/api/products/recalls', input)),
  startRecall: (id: number) => http.post<Recall>(`/api/products/recalls/${id}/start`),
  closeRecall: (id: number) => http.post<Recall>(`/api/products/recalls/${id}/close`),
  cases: (id: number, state: string, cursor?: string) => http.get<Page<RecallCase>>(`/api/products/recalls/${id}/cases`, { query: { state: state || null, cursor } }),
  moveCase: (id: number, state: CaseState, note?: string) => http.patch<void>(`/api/products/recalls/cases/${id}`, { state, note }),
  importFile: (kind: ImportKind, file: File, dryRun: boolean) =>
    http.post<ImportResult>('/api/products/import', undefined, { form: form({ kind, dry_run: String(dryRun), file }), timeout: 300_000 }),
  keys: () => http.get<ApiKey[]>('/api/api-keys'),
  createKey: (name: string, scopes: Scope[]) => http.post<{ key: ApiKey; token: string }>('/api/api-keys', { name, scopes }),
  revokeKey: (id: number) => http.delete<void>(`/api/api-keys/${id}`),
}
