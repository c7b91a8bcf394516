/**
 * The one place that calls the server: JSON in, JSON out, problems become `ApiError`.
 *
 * Unsafe methods carry the CSRF token of the session. A 401 ends the session in the console (drafts stay).
 */

export interface FieldError {
  field: string
  message: string
}

/** A refusal of the server (problem+json) or, with status 0, no answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly errors: FieldError[] = [],
    readonly body: Record<string, unknown> = {},
    /** Seconds the server asks to wait (Retry-After), or null. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail || title)
    this.name = 'ApiError'
  }

  /** True when the request may not have reached the server: keep the input and try again later. */
  get offline(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | null | undefined>
  body?: unknown
  /** Sent as a form instead of JSON. */
  form?: FormData
  /** Version the edit is based on; sent as If-Match. */
  ifVersion?: number
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Milliseconds until the request is given up (status 0, code "timeout"). */
  timeout?: number
}

let csrfToken = ''
let onUnauthorised: () => void = () => undefined

/** Set by the session once it knows its token. */
export function setCsrfToken(token: string): void {
  csrfToken = token
}

/** For the one request that cannot go through `request`: an upload with progress. */
export function currentCsrfToken(): string {
  return csrfToken
}

/** Called once for each 401 that is not the sign-in itself. */
export function setUnauthorisedHandler(handler: () => void): void {
  onUnauthorised = handler
}

/** A key that makes a repeated POST the same POST. */
export function newKey(): string {
  // randomUUID exists in secure contexts only; a desk may be tried over plain http in a local network
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function address(path: string, query: RequestOptions['query']): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== '') params.set(name, String(value))
  }
  const text = params.toString()
  return text ? `${path}?${text}` : path
}

async function problem(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {}
  try {
    const parsed: unknown = await response.json()
    if (parsed && typeof parsed === 'object') body = parsed as Record<string, unknown>
  } catch {
    // a proxy's HTML page or an empty body: the status alone has to do
  }
  const text = (name: string) => (typeof body[name] === 'string' ? (body[name] as string) : '')
  const wait = Number(response.headers.get('retry-after'))
  return new ApiError(
    response.status,
    text('code') || `http-${response.status}`,
    text('title') || response.statusText,
    text('detail'),
    Array.isArray(body.errors) ? (body.errors as FieldError[]) : [],
    body,
    Number.isFinite(wait) && wait > 0 ? wait : null,
  )
}

async function send(method: string, path: string, options: RequestOptions): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json', ...options.headers }
  let body: BodyInit | undefined
  if (options.form) body = options.form
  else if (options.body !== undefined) {
    headers['content-type'] = 'application/json'
    body = JSON.stringify(options.body)
  }
  if (method !== 'GET' && csrfToken) headers['x-csrf-token'] = csrfToken
  if (options.ifVersion !== undefined) headers['if-match'] = `"v${options.ifVersion}"`
  const signals = [AbortSignal.timeout(options.timeout ?? 30_000)]
  if (options.signal) signals.push(options.signal)
  try {
    return await fetch(address(path, options.query), {
      method, headers, body, credentials: 'same-origin', signal: AbortSignal.any(signals),
    })
  } catch (error) {
    if (options.signal?.aborted) throw error
    const late = error instanceof DOMException && error.name === 'TimeoutError'
    throw new ApiError(0, late ? 'timeout' : 'offline', late ? 'Timed out' : 'No connection', '')
  }
}

/** Send one request and read its JSON (undefined for 204). Throws ApiError. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(method, path, options)
  if (!response.ok) {
    const error = await problem(response)
    if (error.status === 401 && error.code !== 'bad-credentials') onUnauthorised()
    throw error
  }
  if (response.status === 204) return undefined as T
  try {
    return (await response.json()) as T
  } catch {
    throw new ApiError(0, 'offline', 'Broken answer', '')
  }
}

export const http = {
  get: <T>(path: string, options?: RequestOptions) => request<T>('GET', path, options),
  post: <T>(path: string, body?: unknown, options?: RequestOptions) => request<T>('POST', path, { ...options, body }),
  put: <T>(path: string, body?: unknown, options?: RequestOptions) => request<T>('PUT', path, { ...options, body }),
  patch: <T>(path: string, body?: unknown, options?: RequestOptions) =>
    request<T>('PATCH', path, { ...options, body }),
  delete: <T>(path: string, options?: RequestOptions) => request<T>('DELETE', path, options),
}
