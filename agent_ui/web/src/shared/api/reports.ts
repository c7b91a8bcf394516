/** How content customers are: what they answered to surveys. */
import { http } from './client'
import type { components } from './schema'
import type { Page } from './types'

type Schema = components['schemas']

export type Satisfaction = Schema['SatisfactionView']
export type Course = Schema['CourseView']
export type Share = Schema['ShareView']
export type Rating = Schema['RatingView']

export interface Asked {
  since: string
  teamId: number | null
  agentId: number | null
}

const at = '/api/reports/satisfaction'

export const reportsApi = {
  satisfaction: (asked: Asked) => http.get<Satisfaction>(at, { query: { ...asked } }),
  course: (asked: Asked, timeZone: string) => http.get<Course>(`${at}/course`, { query: { ...asked, timeZone } }),
  shares: (asked: Asked, by: 'team' | 'agent') => http.get<Share[]>(`${at}/shares`, { query: { ...asked, by } }),
  ratings: (asked: Asked, only: { most?: number; commented?: boolean }, cursor?: string) =>
    http.get<Page<Rating>>(`${at}/ratings`, { query: { ...asked, ...only, cursor } }),
}
