/** The knowledge base: shapes as the server publishes them, and a call for each of its routes. */
import { http } from './client'
import type { components } from './schema'
import type { Locale, Page } from './types'

type Schema = components['schemas']

export type ArticleState = 'draft' | 'in_review' | 'approved' | 'published' | 'archived'
export type Visibility = 'public' | 'signed_in' | 'restricted' | 'agents'
export const VISIBILITIES: readonly Visibility[] = ['public', 'signed_in', 'restricted', 'agents']
export const STATES: readonly ArticleState[] = ['draft', 'in_review', 'approved', 'published', 'archived']

export type Category = Schema['CategoryView']
export type ArticleRow = Schema['ArticleRow']
export type Article = Schema['ArticleView']
export type Told = Schema['TranslationBrief']
export type Translation = Schema['TranslationView']
export type ArticleFile = Schema['FileView']
export type Version = Schema['VersionView']
export type Difference = Schema['Difference']
export type DiffLine = Schema['DiffLine']
export type HistoryPage = Page<VersionLine>
export type VersionLine = Schema['VersionLine']
export type Acknowledgement = Schema['ReadBy']

export type Found = Schema['FoundView']
export type FoundPage = Schema['FoundPage']
export type Insert = Schema['InsertView']
export type Proposal = Schema['FromMessageView']
export type Task = Schema['TaskView']
export type Announcement = Schema['AnnouncementView']
export type AnnouncementInput = Schema['AnnouncementInput']
export type Severity = Announcement['severity']
export type LostSearch = Schema['LostSearch']
export type Deflection = Schema['Deflection']
export type Health = Schema['Health']
export type MacroHealth = Schema['MacroHealth']
export type ViewsDay = Schema['Day']
export type ImportResult = Schema['knowledge_ImportView']
export type Wishes = Schema['Wishes']
export type Used = Schema['UseView']
export type Feedback = Schema['FeedbackView']

export interface ArticleQuery {
  q?: string
  categoryId?: number
  state?: ArticleState | ''
  locale?: string
  missing?: string
  visibility?: Visibility | ''
  ownerId?: number
  only?: 'outdated' | 'overdue' | 'unread' | ''
  cursor?: string
}

export type CategoryChange = Partial<Pick<Category, 'names' | 'descriptions' | 'slug' | 'parentId' | 'position'>>
export type ArticleChange = Partial<Pick<Article, 'categoryId' | 'tags' | 'ownerId' | 'reviewOn' | 'needsAcknowledgement' | 'segments' | 'organisationIds' | 'teamIds' | 'productIds'>> & { visibility?: Visibility }

export interface ArticleText {
  title: string
  summary: string
  body: string
}

const at = (id: number, locale: string) => `/api/kb/articles/${id}/translations/${locale}`

export const kb = {
  categories: {
    list: () => http.get<Category[]>('/api/kb/categories'),
    create: (change: CategoryChange) => http.post<Category>('/api/kb/categories', change),
    change: (id: number, change: CategoryChange, ifVersion: number) => http.patch<Category>(`/api/kb/categories/${id}`, change, { ifVersion }),
    order: (places: { id: number; parentId: number | null; position: number }[]) => http.put<Category[]>('/api/kb/categories/order', { places }),
    remove: (id: number) => http.delete<void>(`/api/kb/categories/${id}`),
  },
  articles: {
    list: (query: ArticleQuery) => http.get<Page<ArticleRow>>('/api/kb/articles', { query: { ...query } }),
    read: (id: number) => http.get<Article>(`/api/kb/articles/${id}`),
    create: (input: { locale: Locale; title: string; body?: string; categoryId?: number | null; ticketId?: number }) => http.post<Article>('/api/kb/articles', input),
    change: (id: number, change: ArticleChange, ifVersion: number) => http.patch<Article>(`/api/kb/articles/${id}`, change, { ifVersion }),
    remove: (id: number, ifVersion: number) => http.delete<void>(`/api/kb/articles/${id}`, { ifVersion }),
    acknowledge: (id: number) => http.post<void>(`/api/kb/articles/${id}/acknowledge`),
    acknowledgements: (id: number) => http.get<Acknowledgement[]>(`/api/kb/articles/${id}/acknowledgements`),
    upload: (id: number, file: File) => {
      const form = new FormData()
      form.append('file', file, file.name || 'picture')
      return http.post<ArticleFile>(`/api/kb/articles/${id}/files`, undefined, { form, timeout: 120_000 })
    },
    preview: (body: string, locale: string, articleId: number) => http.post<{ html: string }>('/api/kb/articles/preview', { body, locale, articleId }),
  },
  texts: {
    read: (id: number, locale: string) => http.get<Translation>(at(id, locale)),
    create: (id: number, locale: string, text: ArticleText) => http.post<Translation>(at(id, locale), text),
    save: (id: number, locale: string, text: ArticleText & { fileIds?: number[]; note?: string; autosave?: boolean }, ifVersion: number) => http.put<Translation>(at(id, locale), text, { ifVersion }),
    slug: (id: number, locale: string, slug: string) => http.put<Translation>(`${at(id, locale)}/slug`, { slug }),
    submit: (id: number, locale: string) => http.post<Translation>(`${at(id, locale)}/submit`),
    sendBack: (id: number, locale: string, note: string) => http.post<Translation>(`${at(id, locale)}/return`, { note }),
    approve: (id: number, locale: string, input: { versionId: number; publishAt?: string | null; minor?: boolean; confirms?: boolean }) => http.post<Translation>(`${at(id, locale)}/approve`, input),
    unpublish: (id: number, locale: string, archive: boolean) => http.post<Translation>(`${at(id, locale)}/unpublish`, { archive }),
    confirm: (id: number, locale: string) => http.post<Translation>(`${at(id, locale)}/confirm`),
    restore: (id: number, locale: string, versionId: number) => http.post<Translation>(`${at(id, locale)}/restore`, { versionId }),
    versions: (id: number, locale: string, cursor?: string) => http.get<HistoryPage>(`${at(id, locale)}/versions`, { query: { cursor } }),
    compare: (id: number, locale: string, from: number, to: number) => http.get<Difference>(`${at(id, locale)}/versions/${from}/compare/${to}`),
  },  answers: {
    search: (q: string, ticketId: number, locale?: string, signal?: AbortSignal) => http.get<FoundPage>('/api/kb/search', { query: { q, ticketId, locale, limit: 8 }, signal }),
    insert: (articleId: number, ticketId: number) => http.get<Insert>(`/api/kb/articles/${articleId}/insert`, { query: { ticketId } }),
    used: (ticketId: number, articleId: number, how: 'link' | 'text', locale: string) => http.post<void>(`/api/tickets/${ticketId}/articles`, { articleId, how, locale }),
    tickets: (articleId: number, cursor?: string) => http.get<Page<Used>>(`/api/kb/articles/${articleId}/tickets`, { query: { cursor } }),
    proposal: (messageId: number) => http.get<Proposal>(`/api/messages/${messageId}/article`),
  },
  tasks: {
    list: (mine: boolean, cursor?: string) => http.get<Page<Task>>('/api/kb/tasks', { query: { mine, cursor } }),
    resolve: (id: number, resolution: string) => http.post<void>(`/api/kb/tasks/${id}/resolve`, { resolution }),
  },
  feedback: (articleId: number, cursor?: string) => http.get<Feedback>(`/api/kb/articles/${articleId}/feedback`, { query: { cursor } }),
  announcements: {
    list: () => http.get<Announcement[]>('/api/kb/announcements'),
    create: (input: AnnouncementInput) => http.post<Announcement>('/api/kb/announcements', input),
    change: (id: number, input: AnnouncementInput, ifVersion: number) => http.patch<Announcement>(`/api/kb/announcements/${id}`, input, { ifVersion }),
    remove: (id: number) => http.delete<void>(`/api/kb/announcements/${id}`),
  },
  options: {
    read: () => http.get<Wishes>('/api/kb/options'),
    write: (wishes: Wishes) => http.put<Wishes>('/api/kb/options', wishes),
  },
  take: (file: File, dryRun: boolean) => {
    const form = new FormData()
    form.append('file', file, file.name)
    form.append('dryRun', String(dryRun))
    return http.post<ImportResult>('/api/kb/import', undefined, { form, timeout: 300_000 })
  },
  reports: {
    searches: (since: string) => http.get<LostSearch[]>('/api/kb/reports/searches', { query: { since } }),
    deflection: (since: string) => http.get<Deflection>('/api/kb/reports/deflection', { query: { since } }),
    health: (since: string) => http.get<Health[]>('/api/kb/reports/health', { query: { since } }),
    macros: (since: string) => http.get<MacroHealth[]>('/api/kb/reports/macros', { query: { since } }),
    views: (since: string) => http.get<ViewsDay[]>('/api/kb/reports/views', { query: { since } }),
  },
}
