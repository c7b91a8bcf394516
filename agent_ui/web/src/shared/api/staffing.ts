/** How many people, and when: forecasts, simulations, replays of the past. */
import { http } from './client'
import type { components } from './schema'

type Schema = components['schemas']

export type Forecast = Schema['ForecastView']
export type ForecastDay = Schema['ForecastDayView']
export type HalfHour = Schema['HalfHourView']
export type Simulation = Schema['SimulationView']
export type SimulationInput = Schema['SimulationInput']
export type Replay = Schema['ReplayView']
export type ReplayLine = Schema['ReplayLineView']

export interface ForecastAsked {
  kind: string
  handleSeconds: number
  level: number
  withinSeconds: number
  shrinkage: number
}

export const staffingApi = {
  forecast: (asked: ForecastAsked, signal?: AbortSignal) => http.get<Forecast>('/api/staffing/forecast', { query: { ...asked }, signal }),
  simulate: (input: Partial<SimulationInput>, signal?: AbortSignal) => http.post<Simulation>('/api/staffing/simulations', input, { signal }),
  replay: (since: string, rules: string, withinSeconds: number) => http.post<Replay>('/api/staffing/replays', { since, rules, withinSeconds }, { timeout: 60_000 }),
}
