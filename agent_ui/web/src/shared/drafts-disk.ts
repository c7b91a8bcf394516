/**
 * Drafts on this device: the shape of a draft and its place in localStorage.
 *
 * The key names agent, ticket and mode and never the route, so a draft is found again from any view.
 * A full or forbidden store is survived: the draft then lives in memory and on the server.
 */

export type DraftMode = 'reply' | 'note'

export interface DraftFile {
  id: number
  name: string
  contentType: string
  size: number
  url: string
  /** Stands in the text; without its place there it is not sent. */
  inline?: boolean
}

export interface Recipients {
  to: string[]
  cc: string[]
  bcc: string[]
}

export interface Draft {
  html: string
  /** Counts the changes; the server and a send name the revision they mean. */
  revision: number
  files: DraftFile[]
  /** Null while the author has not changed whom the answer goes to. */
  recipients: Recipients | null
  /** The address of ours that it leaves from; the usual one when the author has not chosen. */
  from?: string
  /** To be sent without formatting. */
  plain?: boolean
  /** Of a new conversation, or of a mail that is passed on: an answer has the ticket's. */
  subject?: string
  /** The mail of the ticket that goes to somebody else below these words. */
  forward?: number
  /** Canned replies that were put in; the server sees what of them was sent. */
  macros?: number[]
  /** Of a new conversation only: the name that belongs to its address. */
  partnerName?: string
  /** Newest event the author had seen when the draft was begun. */
  basis: string | null
  /** Milliseconds since 1970 of the first change, null for an empty draft. */
  startedAt: number | null
  /** Client key under which exactly this revision was sent and lost sight of. */
  sentAs: string | null
  /** Newest revision known to be on the server. */
  saved: number
}

export interface Outgoing {
  clientKey: string
  ticketId: number
  mode: DraftMode
  draft: Draft
}

/** The place of a conversation that is begun: it has no ticket yet and lives on this device only. */
export const NEW_TICKET = 0

export function emptyDraft(revision = 0, saved = revision): Draft {
  return { html: '', revision, files: [], recipients: null, basis: null, startedAt: null, sentAs: null, saved }
}

/** Files that go with the text: an inline one only while its picture stands in it. */
export function filesToSend(draft: Pick<Draft, 'html' | 'files'>): DraftFile[] {
  return draft.files.filter((file) => !file.inline || draft.html.includes(`/api/attachments/${file.id}"`))
}

/** True when there is nothing a person would miss: tags and blanks do not count, pictures do. */
export function isBlank(draft: Pick<Draft, 'html' | 'files' | 'forward'>): boolean {
  if (draft.files.length > 0 || draft.forward) return false
  if (/<(img|hr)\b/i.test(draft.html)) return false
  return draft.html.replace(/<[^>]*>|&nbsp;|\s/g, '') === ''
}

/**
 * What the server gives for a draft, as it is kept: pictures in the text by the number of their file, since the
 * address that the server shows them at ends after a day.
 */
export function ownPictures(html: string, files: readonly DraftFile[]): Pick<Draft, 'html' | 'files'> {
  const shownAs = (file: DraftFile): string => file.url.replaceAll('&', '&amp;')
  const kept = files.reduce((text, file) => text.replaceAll(`src="${shownAs(file)}"`, `src="/api/attachments/${file.id}"`), html)
  return { html: kept, files: files.map((file) => ({ ...file, inline: kept.includes(`/api/attachments/${file.id}"`) })) }
}

/** What a draft has beside its words and files; it is known to this device alone. */
export type DraftEnvelope = Pick<Draft, 'recipients' | 'from' | 'plain' | 'subject' | 'forward' | 'macros'>

export function envelopeOf({ recipients, from, plain, subject, forward, macros }: DraftEnvelope): DraftEnvelope {
  return { recipients, from, plain, subject, forward, macros }
}

/** The browser's store, or one that forgets when the browser forbids its own. */
export function deviceStorage(): Storage {
  try {
    return window.localStorage
  } catch {
    const entries = new Map<string, string>()
    return {
      get length() {
        return entries.size
      },
      clear: () => entries.clear(),
      getItem: (key) => entries.get(key) ?? null,
      key: (index) => [...entries.keys()][index] ?? null,
      removeItem: (key) => void entries.delete(key),
      setItem: (key, value) => void entries.set(key, value),
    }
  }
}

export class DraftDisk {
  constructor(
    private readonly agentId: number,
    private readonly storage: Storage,
  ) {}

  key(ticketId: number, mode: DraftMode): string {
    return `sampark:draft:${this.agentId}:${ticketId}:${mode}`
  }

  private outgoingKey(clientKey: string): string {
    return `sampark:outgoing:${this.agentId}:${clientKey}`
  }

  read(key: string): Draft | null {
    return this.parse<Draft>(this.storage.getItem(key), (value) => typeof value.html === 'string')
  }

  write(key: string, draft: Draft): void {
    this.put(key, draft)
  }

  remove(key: string): void {
    this.storage.removeItem(key)
  }

  writeOutgoing(outgoing: Outgoing): void {
    this.put(this.outgoingKey(outgoing.clientKey), outgoing)
  }

  removeOutgoing(clientKey: string): void {
    this.storage.removeItem(this.outgoingKey(clientKey))
  }

  /** Sends that were under way when the page went away. */
  readOutgoing(): Outgoing[] {
    const prefix = this.outgoingKey('')
    const keys = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index) ?? '')
    return keys
      .filter((key) => key.startsWith(prefix))
      .map((key) => this.parse<Outgoing>(this.storage.getItem(key), (value) => Boolean(value.clientKey)))
      .filter((outgoing) => outgoing !== null)
  }

  /** Tickets of this agent with something written on this device. */
  ticketIds(): number[] {
    const prefix = `sampark:draft:${this.agentId}:`
    const keys = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index) ?? '')
    return keys.filter((key) => key.startsWith(prefix)).map((key) => Number(key.slice(prefix.length).split(':')[0]))
  }

  parse<T>(text: string | null, valid: (value: T) => boolean): T | null {
    if (text === null) return null
    try {
      const value = JSON.parse(text) as T | null
      return value !== null && valid(value) ? value : null
    } catch {
      return null
    }
  }

  private put(key: string, value: unknown): void {
    try {
      this.storage.setItem(key, JSON.stringify(value))
    } catch {
      // A full store must not stop the typing; memory and the server still hold the draft.
    }
  }
}
