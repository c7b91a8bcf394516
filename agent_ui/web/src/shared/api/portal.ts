/** What customers see: brands of the portal, and the topics of its request form with their questions. */
import { http } from './client'
import type { Locale } from './types'

/** Language → words. */
export type Words = Record<string, string>

export interface FooterLink {
  words: Words
  address: string
}

export interface Brand {
  id: number
  /** Empty for the desk's own, which every other address shows. */
  host: string
  name: string
  hue: number
  logo: string | null
  defaultLanguage: string
  languages: string[]
  question: Words
  description: Words
  footerLinks: FooterLink[]
  contactAddress: string
  contactPhone: string
  mailboxId: number | null
  teamId: number | null
  version: number
}

export type BrandInput = Omit<Brand, 'id' | 'logo' | 'version' | 'defaultLanguage' | 'languages'> & {
  defaultLanguage: Locale
  languages: Locale[]
  version?: number
}

export const KINDS = ['text', 'long_text', 'number', 'date', 'choice', 'checkbox', 'file', 'product'] as const
export type Kind = (typeof KINDS)[number]

export interface Option {
  key: string
  names: Words
}

export interface Condition {
  field: string
  answers: string[]
}

/** A question of a topic. */
export interface Question {
  key: string
  kind: Kind
  names: Words
  hints: Words
  isRequired: boolean
  options: Option[]
  shownWhen: Condition | null
}

export interface Topic {
  key: string
  names: Words
  teamId: number | null
  position: number
  fields: Question[]
  isActive: boolean
  /** 0: one of the product's that nobody has changed. */
  version: number
}

export type TopicInput = Omit<Topic, 'position' | 'version'> & { version?: number }

function logoForm(file: File): FormData {
  const form = new FormData()
  form.append('file', file)
  return form
}

const topicPath = (key: string) => `/api/request-topics/${encodeURIComponent(key)}`

export const portalApi = {
  brands: () => http.get<Brand[]>('/api/brands'),
  createBrand: (input: BrandInput) => http.post<Brand>('/api/brands', input),
  changeBrand: (id: number, input: BrandInput) => http.put<Brand>(`/api/brands/${id}`, input),
  removeBrand: (id: number) => http.delete<void>(`/api/brands/${id}`),
  setLogo: (id: number, file: File) => http.put<Brand>(`/api/brands/${id}/logo`, undefined, { form: logoForm(file) }),
  removeLogo: (id: number) => http.delete<void>(`/api/brands/${id}/logo`),
  topics: () => http.get<Topic[]>('/api/request-topics'),
  createTopic: (input: TopicInput) => http.post<Topic>('/api/request-topics', input),
  changeTopic: (key: string, input: TopicInput) => http.put<Topic>(topicPath(key), input),
  removeTopic: (key: string) => http.delete<void>(topicPath(key)),
  sortTopics: (keys: string[]) => http.put<Topic[]>('/api/request-topics', { keys }),
}
