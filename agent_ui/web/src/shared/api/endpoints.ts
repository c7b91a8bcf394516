/** Named calls, one for each route the console uses. */
import { http } from './client'
import type {
  AgentBrief, AgentView, Attachment, ConversationSender, CustomerBrief, CustomerPatch, CustomerView, Delivery,
  DraftMode, DraftView, Item, Macro, MailPreview, MessageItem, NewTicketInput, NoteInput, Page, PresenceState,
  ProfilePatch, ReplyInput, SentResult, SessionView, Standing, TeamView, TicketPatch, TicketRow,
  TicketView, ViewView,
} from './types'
import type { SearchResult } from './search'
import type { Decision, HeldJob } from './work'

export const api = {
  session: {
    read: () => http.get<SessionView>('/api/session'),
    signIn: (email: string, password: string) => http.post<SessionView>('/api/session', { email, password }),
    signOut: () => http.delete<void>('/api/session'),
    signOutEverywhere: () => http.delete<void>('/api/session/all'),
  },
  me: {
    update: (change: ProfilePatch) => http.patch<AgentView>('/api/me', change),
    presence: (state: PresenceState, reason: string | null) => http.put<Standing>('/api/me/presence', { state, reason }),
    heartbeat: () => http.post<void>('/api/me/heartbeat'),
  },
  agents: () => http.get<AgentBrief[]>('/api/agents'),
  teams: () => http.get<TeamView[]>('/api/teams'),
  senders: () => http.get<ConversationSender[]>('/api/senders'),
  tags: (q: string) => http.get<string[]>('/api/tags', { query: { q } }),
  views: () => http.get<ViewView[]>('/api/views'),
  macros: (ticketId?: number) => http.get<Macro[]>('/api/macros', { query: { ticketId } }),
  search: (q: string, limit = 20, signal?: AbortSignal, offset = 0) =>
    http.get<SearchResult>('/api/search', { query: { q, limit, offset }, signal }),
  tickets: {
    list: (query: { view?: string; sort?: string; status?: string; q?: string; cursor?: string; limit?: number },
      signal?: AbortSignal) => http.get<Page<TicketRow>>('/api/tickets', { query, signal }),
    read: (id: number, signal?: AbortSignal) => http.get<TicketView>(`/api/tickets/${id}`, { signal }),
    older: (id: number, before: string, limit = 50) =>
      http.get<Page<Item>>(`/api/tickets/${id}/timeline`, { query: { before, limit } }),
    create: (input: NewTicketInput) => http.post<TicketView>('/api/tickets', input),
    /** `bulk`: one of many at once, which rules may leave alone. */
    change: (id: number, change: TicketPatch, bulk = false) =>
      http.patch<TicketView>(`/api/tickets/${id}`, change, bulk ? { headers: { 'x-bulk-change': '1' } } : {}),
    claim: (id: number) => http.post<TicketView>(`/api/tickets/${id}/claim`),
    reply: (id: number, input: ReplyInput) => http.post<SentResult>(`/api/tickets/${id}/replies`, input),
    note: (id: number, input: NoteInput) => http.post<SentResult>(`/api/tickets/${id}/notes`, input),
    markRead: (id: number) => http.post<void>(`/api/tickets/${id}/read`),
    markUnread: (id: number) => http.post<void>(`/api/tickets/${id}/unread`),
    split: (id: number, messageId: number) => http.post<TicketView>(`/api/tickets/${id}/split`, { messageId }),
    blockSender: (id: number, reason: string) => http.post<{ pattern: string; reason: string }>(`/api/tickets/${id}/block-sender`, { reason }),
    decisions: (id: number) => http.get<Decision[]>(`/api/tickets/${id}/decisions`),
  },
  drafts: {
    list: (ticketId: number) => http.get<DraftView[]>(`/api/tickets/${ticketId}/drafts`),
    save: (ticketId: number, mode: DraftMode, body: { html: string; revision: number; attachmentIds?: number[] }) =>
      http.put<DraftView>(`/api/tickets/${ticketId}/drafts/${mode}`, body),
    remove: (ticketId: number, mode: DraftMode, revision?: number) =>
      http.delete<void>(`/api/tickets/${ticketId}/drafts/${mode}`, { query: { revision } }),
  },
  deliveries: {
    undo: (id: number) => http.post<{ draft: DraftView; item: MessageItem }>(`/api/deliveries/${id}/undo`),
    sendNow: (id: number) => http.post<MessageItem>(`/api/deliveries/${id}/send-now`),
    retry: (id: number, to?: string[]) => http.post<MessageItem>(`/api/deliveries/${id}/retry`, to ? { to } : {}),
  },
  /** A file of a message as an upload of one's own. */
  copyFile: (id: number) => http.post<Attachment>(`/api/attachments/${id}/copy`),
  /** A mail inside a mail, read on request. */
  attachedMail: (id: number) => http.get<MailPreview>(`/api/attachments/${id}/mail`),
  customers: {
    list: (q: string, cursor?: string) => http.get<Page<CustomerBrief>>('/api/customers', { query: { q, cursor } }),
    read: (id: number) => http.get<CustomerView>(`/api/customers/${id}`),
    change: (id: number, change: CustomerPatch, ifVersion?: number) =>
      http.patch<CustomerView>(`/api/customers/${id}`, change, { ifVersion }),
  },
  admin: {
    heldJobs: () => http.get<HeldJob[]>('/api/jobs/held'),
    retryJob: (id: number) => http.post<void>(`/api/jobs/held/${id}/retry`),
  },
}

export type DeliveryState = Delivery['state']
