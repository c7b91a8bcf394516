/** Live conversations and the widgets behind them. */
import { http } from './client'

/** Where an answer goes now: into the visitor's window, by mail since he has left, or nowhere. */
export type ChatGoes = 'window' | 'mail' | 'nowhere'

export interface ChatView {
  id: number
  state: string
  widget: string
  name: string
  email: string | null
  isSigned: boolean
  isOnline: boolean
  leftAt: string | null
  goes: ChatGoes
  pageUrl: string
  pageTitle: string
  readMessageId: number | null
  rating: number | null
  ratingComment: string
  timeZone: string | null
}

export interface PresentVisitor {
  ticketId: number
  pageTitle: string
}

export type Ask = 'off' | 'optional' | 'required'

export interface WidgetTexts {
  title: string
  welcome: string
  offline: string
}

export interface WidgetView {
  id: number
  key: string
  name: string
  origins: string[]
  hue: number
  texts: Record<string, WidgetTexts>
  fields: { name: Ask; email: Ask }
  teamId: number | null
  hours: string | null
  isEnabled: boolean
  snippet: string
  lacksSockets: boolean
  version: number
}

export type WidgetInput = Partial<Omit<WidgetView, 'id' | 'key' | 'snippet' | 'lacksSockets' | 'version'>>

export interface WidgetSecret {
  widget: WidgetView
  secret: string
}

export const chatApi = {
  present: () => http.get<PresentVisitor[]>('/api/chats'),
  read: (ticketId: number) => http.get<ChatView>(`/api/tickets/${ticketId}/chat`),
  end: (ticketId: number) => http.post<ChatView>(`/api/tickets/${ticketId}/chat/end`),
  mail: (ticketId: number, email?: string) => http.post<{ email: string }>(`/api/tickets/${ticketId}/chat/transcript`, email ? { email } : {}),
  widgets: () => http.get<WidgetView[]>('/api/widgets'),
  widget: (id: number) => http.get<WidgetView>(`/api/widgets/${id}`),
  createWidget: (input: WidgetInput) => http.post<WidgetSecret>('/api/widgets', input),
  changeWidget: (id: number, change: WidgetInput, ifVersion?: number) => http.patch<WidgetView>(`/api/widgets/${id}`, change, { ifVersion }),
  rotateSecret: (id: number) => http.post<WidgetSecret>(`/api/widgets/${id}/secret`),
}
