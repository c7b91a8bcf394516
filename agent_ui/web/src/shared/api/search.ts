/** What the search answers. */
import type { Registration } from './products'
import type { CustomerBrief, TicketRow } from './types'

export interface MarkedPart {
  text: string
  marked: boolean
}

/** A condition that was typed; as long as one is not understood, no tickets are found. `choices`: what it may be. */
export interface SearchOperator {
  name: string
  value: string
  understood: boolean
  choices: string[]
}

export interface SearchResult {
  tickets: TicketRow[]
  customers: CustomerBrief[]
  products: Registration[]
  /** Why a ticket was found, by its id. */
  marks: Record<string, { title: MarkedPart[]; snippet: MarkedPart[]; inNote: boolean }>
  total: number
  facets: Record<string, Record<string, number>>
  operators: SearchOperator[]
  corrected: string | null
  degraded: boolean
}
