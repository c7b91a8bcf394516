/** The conversation as this window has it, and what the visitor does in it. One store for all components. */
import { computed, reactive } from 'vue'
import { identity, post, postForm, Refused } from './api'
import { Connection, type Conversation, type Entry, type Frame } from './connection'
import { onHost, tellHost } from './host'
import { type Opening, settings, words } from './settings'

export interface Pending {
  clientId: string
  text: string
  files: string[]
  failed: boolean
}

/** Whom the site has vouched for. */
export interface Who {
  name: string
  email: string
}

interface SessionAnswer {
  token: string | null
  who: Who | null
  window: Conversation | null
  entries: Entry[]
  opening: Opening
}

interface MessageAnswer {
  seq: number | null
  token: string | null
  window: Conversation
}

export interface Beginning {
  name: string
  email: string
}

const TYPING_SHOWN = 5000
const TYPING_EVERY = 3000
const TYPING_RESTS = 2000
const KEPT_WITHIN = 8000

export const state = reactive({
  isShown: false,
  isUp: true,
  isReading: false,
  conversation: null as Conversation | null,
  entries: [] as Entry[],
  pending: [] as Pending[],
  typing: '',
  unread: 0,
  slow: false,
  opening: settings.opening,
  who: null as Who | null,
})

export const hasChat = computed(() => state.conversation !== null)
export const isOpen = computed(() => state.conversation?.state === 'open')

let claim: unknown = null
let page = { url: '', title: '' }
let typingTimer = 0
let toldTyping = 0
let restTimer = 0
const files = new Map<string, File[]>()

const connection = new Connection({
  seq: () => state.entries.at(-1)?.seq ?? 0,
  frame,
  line: (up) => (state.isUp = up),
  opened: tellPage,
  unknown: () => void session(),
})

function frame(frame: Frame): void {
  if (frame.t === 'entries') add(frame.entries)
  else if (frame.t === 'window') state.conversation = frame.window
  else if (frame.t === 'typing') showTyping(frame.name)
  else if (frame.t === 'kept' && frame.seq !== null) drop(frame.clientId)
  else if (frame.t === 'refused') fail(frame.clientId, frame.code === 'rate-limited')
}

/** Takes entries in, each once: a repeat after a break, or one's own message that is shown already, changes nothing. */
export function add(entries: Entry[]): void {
  for (const entry of entries) {
    if (entry.seq <= (state.entries.at(-1)?.seq ?? 0)) continue
    state.entries.push(entry)
    if (entry.clientId) drop(entry.clientId)
    if (entry.data.by !== 'agent') continue
    state.typing = ''
    if (!isWatched() && entry.seq > (state.conversation?.readSeq ?? 0)) state.unread += 1
  }
  const last = state.entries.at(-1)
  if (!last) return
  connection.signal({ t: 'got', seq: last.seq })
  tellUnread()
  seen()
}

function isWatched(): boolean {
  return state.isShown && state.isReading && document.visibilityState === 'visible'
}

/** Says that everything has been looked at, when it has. */
export function seen(): void {
  const last = state.entries.at(-1)
  if (!isWatched() || !last) return
  connection.signal({ t: 'seen', seq: last.seq })
  if (state.unread) {
    state.unread = 0
    tellUnread()
  }
}

function tellUnread(): void {
  tellHost('unread', { count: state.unread, label: state.unread ? words('new', state.unread) : '' })
}

function showTyping(name: string): void {
  state.typing = name
  clearTimeout(typingTimer)
  typingTimer = window.setTimeout(() => (state.typing = ''), TYPING_SHOWN)
}

function drop(clientId: string): void {
  state.pending = state.pending.filter((each) => each.clientId !== clientId)
  files.delete(clientId)
}

function fail(clientId: string, slow = false): void {
  state.slow = slow
  for (const each of state.pending) if (each.clientId === clientId) each.failed = true
}

/** Forgets everything on this page: somebody else may use the browser now. */
function clear(): void {
  connection.stop()
  Object.assign(state, { conversation: null, entries: [], pending: [], typing: '', unread: 0, isUp: true, slow: false, who: null })
  files.clear()
  tellUnread()
}

/** Opens the window anew: what was said, for whom the site's signature or this browser's token proves. */
export async function session(): Promise<void> {
  connection.stop()
  let found: SessionAnswer
  try {
    found = await post<SessionAnswer>('session', claim ? { claim } : {})
  } catch (problem) {
    if (problem instanceof Refused && claim) {
      claim = null
      clear()
    }
    return
  }
  if (found.token) identity.hold(found.token)
  state.opening = found.opening
  if (!found.window) {
    if (!claim && identity.token) identity.forget()
    clear()
    state.who = found.who
    return
  }
  if (state.conversation && state.conversation.id !== found.window.id) clear()
  state.who = found.who
  state.conversation = found.window
  add(found.entries)
  tellHost('known', { on: true })
  connection.start()
}

function tellPage(): void {
  if (hasChat.value && page.url) connection.signal({ t: 'page', ...page })
}

export async function refreshOpening(): Promise<void> {
  if (!hasChat.value) await session()
}

const key = (): string => crypto.randomUUID?.() ?? `m-${Date.now()}-${Math.random().toString(36).slice(2)}`

/** Says something; the first word begins the conversation. Throws when the beginning is refused. */
export async function say(text: string, beginning?: Beginning): Promise<void> {
  const sending: Pending = { clientId: key(), text, files: [], failed: false }
  stopTyping()
  state.slow = false
  if (!beginning) {
    state.pending.push(sending)
    await send(sending)
    return
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const about = { ...beginning, language: settings.language, timeZone: zone, pageUrl: page.url, pageTitle: page.title }
  await begun(await post<MessageAnswer>('messages', { clientId: sending.clientId, text, beginning: about }))
}

async function begun(answer: MessageAnswer): Promise<void> {
  if (answer.token) identity.keep(answer.token)
  if (state.conversation?.id !== answer.window.id) state.entries = []
  state.conversation = answer.window
  tellHost('known', { on: true })
  connection.stop()
  connection.start()
}

async function send(sending: Pending): Promise<void> {
  const attached = files.get(sending.clientId)
  if (attached) {
    await sendFiles(sending, attached)
    return
  }
  if (connection.say({ t: 'say', clientId: sending.clientId, text: sending.text })) {
    setTimeout(() => isWaiting(sending) && void postIt(sending), KEPT_WITHIN)
    return
  }
  await postIt(sending)
}

const isWaiting = (sending: Pending): boolean =>
  state.pending.some((each) => each.clientId === sending.clientId && !each.failed)

async function postIt(sending: Pending): Promise<void> {
  try {
    await post<MessageAnswer>('messages', { clientId: sending.clientId, text: sending.text })
  } catch (problem) {
    fail(sending.clientId, problem instanceof Refused && problem.status === 429)
  }
}

async function sendFiles(sending: Pending, attached: File[]): Promise<void> {
  const form = new FormData()
  form.set('clientId', sending.clientId)
  form.set('text', sending.text)
  for (const file of attached) form.append('file', file)
  await postForm<MessageAnswer>('files', form)
}

export async function attach(chosen: File[]): Promise<void> {
  const names = chosen.map((file) => file.name)
  const sending: Pending = { clientId: key(), text: '', files: names, failed: false }
  files.set(sending.clientId, chosen)
  state.pending.push(sending)
  try {
    await send(sending)
  } catch (problem) {
    if (problem instanceof Refused && problem.status < 500 && problem.status !== 429) drop(sending.clientId)
    else fail(sending.clientId)
    throw problem
  }
}

export async function again(sending: Pending): Promise<void> {
  for (const each of state.pending) if (each.clientId === sending.clientId) each.failed = false
  await send(sending).catch(() => fail(sending.clientId))
}

/** Told at once, then every three seconds, and the end of it after two of rest. */
export function types(): void {
  clearTimeout(restTimer)
  restTimer = window.setTimeout(stopTyping, TYPING_RESTS)
  if (Date.now() - toldTyping < TYPING_EVERY) return
  toldTyping = Date.now()
  connection.signal({ t: 'typing', on: true })
}

export function stopTyping(): void {
  clearTimeout(restTimer)
  if (!toldTyping) return
  toldTyping = 0
  connection.signal({ t: 'typing', on: false })
}

export async function end(): Promise<void> {
  await post('end')
}

export async function rate(score: number, comment: string): Promise<void> {
  await post('rating', { score, comment })
}

export async function leaveEmail(email: string): Promise<void> {
  await post('email', { email })
  if (state.conversation) state.conversation = { ...state.conversation, email }
}

export async function mailTranscript(): Promise<string> {
  return (await post<{ email: string }>('transcript')).email
}

/** A new matter: what was said stays on the desk, and the window begins empty. */
export function beginAnew(): void {
  connection.stop()
  Object.assign(state, { conversation: null, entries: [], pending: [], typing: '' })
}

export function start(): void {
  identity.load()
  onHost('identify', (data) => {
    claim = data.claim ?? null
    clear()
    void session()
  })
  onHost('begin', () => {
    if (!claim && identity.token) void session()
  })
  onHost('logout', () => {
    claim = null
    identity.forget()
    clear()
  })
  onHost('page', (data) => {
    page = { url: String(data.url ?? '').slice(0, 2000), title: String(data.title ?? '').slice(0, 300) }
    tellPage()
  })
  onHost('shut', () => {
    state.isShown = false
    stopTyping()
  })
  document.addEventListener('visibilitychange', seen)
}
