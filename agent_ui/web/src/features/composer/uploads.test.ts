import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/shared/api/client'
import type { Attachment } from '@/shared/api/types'
import { upload, type UploadOptions } from '@/shared/api/upload'
import { DraftStore } from '@/shared/drafts'
import { Uploads } from './uploads'

vi.mock('@/shared/api/upload')

interface Transfer {
  options: UploadOptions
  done: (stored: Attachment) => void
  fail: (error: Error) => void
}

const stored = (id: number): Attachment => ({ id, name: 'a.png', contentType: 'image/png', size: 3, url: `/api/attachments/${id}` })
const file = new File(['abc'], 'a.png')
const settle = () => new Promise((resolve) => setTimeout(resolve))

describe('uploads', () => {
  let drafts: DraftStore
  let uploads: Uploads
  let transfers: Transfer[]

  beforeEach(() => {
    localStorage.clear()
    transfers = []
    vi.mocked(upload).mockImplementation(
      (_file, options) => new Promise((done, fail) => transfers.push({ options, done, fail })),
    )
    drafts = new DraftStore(7, { save: (_id, _mode, body) => Promise.resolve(body.revision), remove: () => Promise.resolve() })
    uploads = new Uploads(drafts)
  })

  it('shows the progress and puts the file into the draft of its own ticket and mode', async () => {
    uploads.add(1, 'note', [file])
    transfers[0]!.options.onProgress(0.5)
    expect(uploads.of(1, 'note')[0]).toMatchObject({ progress: 0.5, state: 'uploading' })
    expect(uploads.of(1, 'reply')).toEqual([])
    transfers[0]!.done(stored(4))
    await settle()
    expect(uploads.of(1, 'note')).toEqual([])
    expect(drafts.read(1, 'note').files.map((one) => one.id)).toEqual([4])
    expect(drafts.read(1, 'reply').files).toEqual([])
  })

  it('puts a picture where the caret is, or behind the text of a ticket that was left meanwhile', async () => {
    const placed: number[] = []
    uploads.placePicture = (entry, { id }) => entry.ticketId === 1 && placed.push(id) > 0
    drafts.write(2, 'reply', { html: '<p>two</p>' })
    uploads.add(1, 'reply', [file], true)
    uploads.add(2, 'reply', [file], true)
    transfers[0]!.done(stored(4))
    transfers[1]!.done(stored(5))
    await settle()
    expect(placed).toEqual([4])
    expect(drafts.read(1, 'reply')).toMatchObject({ html: '', files: [{ id: 4, inline: true }] })
    expect(drafts.read(2, 'reply').html).toBe('<p>two</p><p><img src="/api/attachments/5" alt=""></p>')
  })

  it('keeps a failed file with its reason and can try again', async () => {
    uploads.add(1, 'reply', [file])
    transfers[0]!.fail(new ApiError(413, 'too-large', 'Request Entity Too Large', ''))
    await settle()
    const failed = uploads.of(1, 'reply')[0]!
    expect(failed).toMatchObject({ state: 'failed', error: 'larger than this desk takes' })
    uploads.retry(failed.id)
    transfers[1]!.done(stored(5))
    await settle()
    expect(drafts.read(1, 'reply').files.map((one) => one.id)).toEqual([5])
  })

  it('forgets a file that was removed while it was on its way', async () => {
    uploads.add(1, 'reply', [file])
    uploads.remove(uploads.of(1, 'reply')[0]!.id)
    expect(transfers[0]!.options.signal.aborted).toBe(true)
    transfers[0]!.done(stored(4))
    await settle()
    expect(drafts.read(1, 'reply').files).toEqual([])
  })
})
