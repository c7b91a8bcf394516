/** What customers want to be done with their data, for those who may handle it. */
import { http } from './client'
import type { components } from './schema'

type Schema = components['schemas']

export type DataRequest = Schema['DataRequestView']

export const privacyApi = {
  list: (everything: boolean) => http.get<{ items: DataRequest[]; next: string | null }>(`/api/data-requests?everything=${everything}`),
  move: (id: number, state: 'working' | 'done' | 'refused', answer: string) => http.patch<unknown>(`/api/data-requests/${id}`, { state, answer }),
  erase: (id: number, confirm: number, answer: string) => http.post<unknown>(`/api/data-requests/${id}/erase`, { confirm, answer }),
}
