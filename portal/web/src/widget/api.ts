/** Calls of the desk. Who calls is in the Authorization header; no cookie is used. */
import { settings } from './settings'

/** `field` and `limit` say what was wrong: the last part of its name, and how long it may be where it was too long. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly field: string,
    readonly limit: number,
    readonly retryAfter: number,
  ) {
    super(code)
  }
}

const BASE = `/widget/${settings.key}`
const KEPT = `sampark-visitor-${settings.key}`

let token = ''

/** The token: of a signed visitor only in memory, of an anonymous one in this browser once he has begun to chat. */
export const identity = {
  get token(): string {
    return token
  },
  load(): void {
    try {
      token = localStorage.getItem(KEPT) ?? ''
    } catch {
      token = ''
    }
  },
  keep(value: string): void {
    token = value
    try {
      localStorage.setItem(KEPT, value)
    } catch {
      // Storage is switched off: the conversation lasts as long as this page.
    }
  },
  hold(value: string): void {
    token = value
  },
  forget(): void {
    token = ''
    try {
      localStorage.removeItem(KEPT)
    } catch {
      // Nothing is kept then.
    }
  },
}

async function answered(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (response.ok) return body
  const first = (body.errors as { field: string; message: string }[] | undefined)?.[0]
  const limit = Number(/(?:length <=|At most) (\d+)/.exec(first?.message ?? '')?.[1] ?? 0)
  const wait = Number(response.headers.get('retry-after') ?? 0)
  throw new Refused(response.status, String(body.code ?? ''), first?.field.split('.').pop() ?? '', limit, wait)
}

function headers(more: Record<string, string> = {}): Record<string, string> {
  return token ? { authorization: `Bearer ${token}`, ...more } : more
}

export async function post<T>(call: string, body: object = {}): Promise<T> {
  const sent = { method: 'POST', headers: headers({ 'content-type': 'application/json' }), body: JSON.stringify(body) }
  return (await answered(await fetch(`${BASE}/${call}`, sent))) as T
}

export async function postForm<T>(call: string, body: FormData): Promise<T> {
  return (await answered(await fetch(`${BASE}/${call}`, { method: 'POST', headers: headers(), body }))) as T
}

export async function get<T>(call: string, query: Record<string, string | number>, signal?: AbortSignal): Promise<T> {
  const asked = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))
  return (await answered(await fetch(`${BASE}/${call}?${asked}`, { headers: headers(), signal }))) as T
}

export async function blob(call: string): Promise<Blob> {
  const response = await fetch(`${BASE}/${call}`, { headers: headers() })
  if (!response.ok) throw new Refused(response.status, '', '', 0, 0)
  return response.blob()
}

export function socketAddress(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${BASE}/live`
}
