/** The draft store of the signed-in agent, bound to the server and to the browser's events. */
import { ApiError } from './api/client'
import { api } from './api/endpoints'
import { DraftStore, type DraftMode, type DraftTransport } from './drafts'

const transport: DraftTransport = {
  async save(ticketId, mode, body) {
    return (await api.drafts.save(ticketId, mode, body)).revision
  },
  async remove(ticketId: number, mode: DraftMode, revision: number) {
    try {
      await api.drafts.remove(ticketId, mode, revision)
    } catch (error) {
      // Gone already is what was wanted.
      if (!(error instanceof ApiError && error.status === 404)) throw error
    }
  },
}

let owner = 0
let current: DraftStore | null = null

/** The drafts of one agent; another agent on the same device gets a store of their own. */
export function draftsOf(agentId: number): DraftStore {
  if (current && owner === agentId) return current
  owner = agentId
  current = new DraftStore(agentId, transport)
  return current
}

window.addEventListener('storage', (event) => current?.onStorage(event))
window.addEventListener('online', () => current?.flushAll())
window.addEventListener('pagehide', () => current?.flushAll())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') current?.flushAll()
})
