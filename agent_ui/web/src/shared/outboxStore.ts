/** Where unsent posts wait: IndexedDB, or memory when the browser forbids it. */
import type { NoteInput, ReplyInput } from './api/types'

export interface OutboxEntry {
  clientKey: string
  agentId: number
  ticketId: number
  kind: 'reply' | 'note'
  body: ReplyInput | NoteInput
  /** Milliseconds since the epoch; the order of sending. */
  createdAt: number
  tries: number
  /** Set when the server refused it: it waits for the author, not for the connection. */
  refusal: { code: string; detail: string; body: Record<string, unknown> } | null
}

export interface OutboxStore {
  all(): Promise<OutboxEntry[]>
  put(entry: OutboxEntry): Promise<void>
  remove(clientKey: string): Promise<void>
}

export class MemoryOutbox implements OutboxStore {
  private entries = new Map<string, OutboxEntry>()

  all(): Promise<OutboxEntry[]> {
    return Promise.resolve([...this.entries.values()].sort((a, b) => a.createdAt - b.createdAt))
  }

  put(entry: OutboxEntry): Promise<void> {
    this.entries.set(entry.clientKey, entry)
    return Promise.resolve()
  }

  remove(clientKey: string): Promise<void> {
    this.entries.delete(clientKey)
    return Promise.resolve()
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('IndexedDB request failed'))
  })
}

class IndexedDbOutbox implements OutboxStore {
  constructor(private readonly db: IDBDatabase) {}

  private table(mode: IDBTransactionMode): IDBObjectStore {
    return this.db.transaction('outbox', mode).objectStore('outbox')
  }

  async all(): Promise<OutboxEntry[]> {
    const found = (await settled(this.table('readonly').getAll())) as OutboxEntry[]
    return found.sort((a, b) => a.createdAt - b.createdAt)
  }

  async put(entry: OutboxEntry): Promise<void> {
    // reactive proxies cannot be cloned into the database
    await settled(this.table('readwrite').put(JSON.parse(JSON.stringify(entry))))
  }

  async remove(clientKey: string): Promise<void> {
    await settled(this.table('readwrite').delete(clientKey))
  }
}

/** Open the store; a private window without IndexedDB gets one that lives as long as the page. */
export async function openOutbox(): Promise<OutboxStore> {
  try {
    const request = indexedDB.open('sampark', 1)
    request.onupgradeneeded = () => request.result.createObjectStore('outbox', { keyPath: 'clientKey' })
    return new IndexedDbOutbox(await settled(request))
  } catch {
    return new MemoryOutbox()
  }
}
