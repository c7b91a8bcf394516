/** Sends one file and tells how far it is, which `fetch` cannot. */
import { ApiError, currentCsrfToken } from './client'
import type { Attachment } from './types'

export interface UploadOptions {
  /** Share sent, from 0 to 1. */
  onProgress: (share: number) => void
  signal: AbortSignal
}

function problemOf(request: XMLHttpRequest): ApiError {
  const body = (request.response ?? {}) as Record<string, unknown>
  const text = (name: string): string => (typeof body[name] === 'string' ? body[name] : '')
  const errors = Array.isArray(body.errors) ? body.errors : []
  return new ApiError(request.status, text('code') || `http-${request.status}`, text('title') || request.statusText, text('detail'), errors, body)
}

export function upload(file: File, options: UploadOptions): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/api/uploads')
    request.responseType = 'json'
    request.setRequestHeader('accept', 'application/json')
    request.setRequestHeader('x-csrf-token', currentCsrfToken())
    request.upload.onprogress = (event) => options.onProgress(event.lengthComputable ? event.loaded / event.total : 0)
    request.onerror = () => reject(new ApiError(0, 'offline', 'No connection', ''))
    request.onabort = () => reject(new DOMException('Aborted', 'AbortError'))
    request.onload = () => {
      if (request.status >= 200 && request.status < 300 && request.response) resolve(request.response as Attachment)
      else reject(problemOf(request))
    }
    options.signal.addEventListener('abort', () => request.abort(), { once: true })
    const form = new FormData()
    form.append('file', file, file.name || 'file')
    request.send(form)
  })
}
