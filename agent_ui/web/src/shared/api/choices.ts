/** What the desk chooses for its customers: the portal's choices, opening hours, words of the search. */
import { http } from './client'
import type { components } from './schema'
import type { Locale } from './types'

type Schema = components['schemas']

export type PortalChoices = Schema['PolicyView']
export type Schedule = Schema['HoursView']
export type ScheduleInput = Required<Schema['HoursInput']>
export type OpenNow = Schema['OpenNowView']
export type Synonyms = Schema['SynonymsView']
/** From and until of one stretch, as "09:00"; beyond midnight as "26:00". */
export type Times = [string, string]

/** The schedule of the desk itself, which is always there. */
export const OWN = 'default'

const hoursOf = (name: string) => `/api/opening-hours/${encodeURIComponent(name)}`

export const choicesApi = {
  portal: () => http.get<PortalChoices>('/api/settings/portal'),
  choose: (choices: Omit<PortalChoices, 'version'>, ifVersion: number) => http.put<PortalChoices>('/api/settings/portal', choices, { ifVersion }),

  hours: (language: Locale = 'en') => http.get<Schedule[]>('/api/opening-hours', { query: { language } }),
  writeHours: (name: string, input: ScheduleInput, ifVersion: number) => http.put<Schedule>(hoursOf(name), input, { ifVersion }),
  removeHours: (name: string) => http.delete<void>(hoursOf(name)),
  tryHours: (name: string, input: ScheduleInput, language: Locale, signal?: AbortSignal) =>
    http.post<OpenNow>(`${hoursOf(name)}/preview`, input, { query: { language }, signal }),

  synonyms: () => http.get<Synonyms[]>('/api/search/synonyms'),
  addSynonyms: (words: string[]) => http.post<Synonyms>('/api/search/synonyms', { words }),
  changeSynonyms: (id: number, words: string[]) => http.put<Synonyms>(`/api/search/synonyms/${id}`, { words }),
  removeSynonyms: (id: number) => http.delete<void>(`/api/search/synonyms/${id}`),
  stopWords: () => http.get<string[]>('/api/search/stop-words'),
  addStopWord: (word: string) => http.post<{ word: string }>('/api/search/stop-words', { word }),
  removeStopWord: (word: string) => http.delete<void>(`/api/search/stop-words/${encodeURIComponent(word)}`),
}
