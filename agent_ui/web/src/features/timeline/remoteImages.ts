/** Tickets whose remote images this reader wants to see without being asked; kept for this browser. */
import { shallowReactive } from 'vue'
import { store } from '@/shared/storage'

const KEY = 'images.tickets'
/** The oldest choices go first. */
const KEPT = 500

function read(): number[] {
  try {
    const ids: unknown = JSON.parse(store.get(KEY) ?? '[]')
    return Array.isArray(ids) ? ids.filter((id): id is number => Number.isInteger(id)) : []
  } catch {
    return []
  }
}

const allowed = shallowReactive(new Set<number>(read()))

export const imagesAllowed = (ticketId: number): boolean => allowed.has(ticketId)

export function allowImages(ticketId: number): void {
  allowed.delete(ticketId)
  allowed.add(ticketId)
  for (const id of allowed) {
    if (allowed.size <= KEPT) break
    allowed.delete(id)
  }
  store.set(KEY, JSON.stringify([...allowed]))
}

export function holdImages(ticketId: number): void {
  allowed.delete(ticketId)
  store.set(KEY, JSON.stringify([...allowed]))
}
