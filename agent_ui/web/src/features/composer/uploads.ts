/**
 * Files on their way to the server, kept by ticket and mode: a switch of ticket neither stops nor misplaces them.
 */
import { shallowReactive } from 'vue'
import { ApiError } from '@/shared/api/client'
import { api } from '@/shared/api/endpoints'
import type { Attachment } from '@/shared/api/types'
import { upload, type UploadOptions } from '@/shared/api/upload'
import type { DraftFile, DraftMode, DraftStore } from '@/shared/drafts'
import { reasonOf } from '@/shared/stores/tickets'
import { inlineSource } from './pictures'

export interface Upload {
  id: number
  ticketId: number
  mode: DraftMode
  file: Pick<File, 'name'>
  store: (options: UploadOptions) => Promise<Attachment>
  /** Share sent, from 0 to 1. */
  progress: number
  state: 'uploading' | 'failed'
  error: string
  abort: AbortController
  /** A picture that belongs into the text. */
  inline: boolean
}

export class Uploads {
  private readonly running = shallowReactive(new Map<number, Upload>())
  private count = 0

  /** A picture for the text is stored: the editor that has the draft open puts it there and says so. */
  placePicture: (entry: Upload, stored: DraftFile) => boolean = () => false

  constructor(private readonly drafts: DraftStore) {}

  of(ticketId: number, mode: DraftMode): Upload[] {
    return [...this.running.values()].filter((one) => one.ticketId === ticketId && one.mode === mode)
  }

  add(ticketId: number, mode: DraftMode, files: readonly File[], inline = false): void {
    for (const file of files) this.begin(ticketId, mode, { file, inline, store: (options) => upload(file, options) })
  }

  /** Files of messages as files of the draft; their contents stay where they are. */
  copy(ticketId: number, mode: DraftMode, files: readonly Attachment[]): void {
    for (const file of files) this.begin(ticketId, mode, { file, inline: false, store: () => api.copyFile(file.id) })
  }

  private begin(ticketId: number, mode: DraftMode, what: Pick<Upload, 'file' | 'inline' | 'store'>): void {
    void this.start({ id: ++this.count, ticketId, mode, progress: 0, state: 'uploading', error: '', abort: new AbortController(), ...what })
  }

  retry(id: number): void {
    const entry = this.running.get(id)
    if (entry) void this.start({ ...entry, progress: 0, state: 'uploading', error: '', abort: new AbortController() })
  }

  remove(id: number): void {
    this.running.get(id)?.abort.abort()
    this.running.delete(id)
  }

  private async start(entry: Upload): Promise<void> {
    const { id, abort } = entry
    this.running.set(id, entry)
    const onProgress = (progress: number): void => this.change(id, { progress })
    try {
      const stored = await entry.store({ onProgress, signal: abort.signal })
      this.finish(entry, stored)
    } catch (error) {
      if (abort.signal.aborted) return
      this.change(id, { state: 'failed', error: error instanceof ApiError ? reasonOf(error) : String(error) })
    }
  }

  private finish(entry: Upload, stored: DraftFile): void {
    if (!this.running.delete(entry.id)) return
    const { ticketId, mode, inline } = entry
    const draft = this.drafts.write(ticketId, mode, { files: [...this.drafts.read(ticketId, mode).files, { ...stored, inline }] })
    if (!inline || this.placePicture(entry, stored)) return
    // Another ticket is open by now: the picture comes after what is written there.
    this.drafts.write(ticketId, mode, { html: `${draft.html}<p><img src="${inlineSource(stored.id)}" alt=""></p>` })
  }

  private change(id: number, change: Partial<Upload>): void {
    const entry = this.running.get(id)
    if (entry) this.running.set(id, { ...entry, ...change })
  }
}

const known = new WeakMap<DraftStore, Uploads>()

/** The uploads of an agent; they outlive the composer, so that leaving the page of tickets stops none. */
export function uploadsOf(drafts: DraftStore): Uploads {
  const found = known.get(drafts) ?? new Uploads(drafts)
  known.set(drafts, found)
  return found
}
