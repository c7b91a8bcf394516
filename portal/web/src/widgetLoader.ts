/**
 * The script of a widget's tag: `<script async src="https://desk.example/widget/KEY.js"></script>`.
 *
 * It puts a button on the customer's page and, when somebody shows interest, the chat window in a frame beside it. The
 * desk puts the settings in. Its own style is a style sheet object and its markup is made by calls, so that a strict
 * Content-Security-Policy of the page needs nothing but the desk in script-src and frame-src. Nothing is kept in the
 * browser before the visitor has sent his first message.
 *
 * The page talks to it by calls, also before it has loaded:
 *   window.sampark = window.sampark || function () { (window.sampark.q = window.sampark.q || []).push(arguments) }
 *   sampark('open'), sampark('close'), sampark('identify', { userId, email, name, hash }) or { jwt }, sampark('logout')
 */
interface Settings {
  key: string
  hue: number
  labels: Record<string, string>
}

interface Message {
  sampark: string
  t: string
  on?: boolean
  count?: number
  label?: string
}

type Call = [string, unknown?]
type Api = ((...call: Call) => void) & { q?: ArrayLike<unknown>[] }

declare const __SAMPARK_WIDGET__: Settings
declare global {
  interface Window {
    sampark?: Api
  }
}

;(() => {
  const settings: Settings = __SAMPARK_WIDGET__
  const script = document.currentScript as HTMLScriptElement | null
  const root = document.documentElement
  if (!script || root.dataset.sampark) return
  root.dataset.sampark = settings.key
  const desk = new URL(script.src).origin
  const language = (script.dataset.lang || root.lang || navigator.language).split('-')[0] || 'en'
  const direction = script.dataset.dir || getComputedStyle(root).direction
  const known = `sampark-${settings.key}`
  const label = settings.labels[language] ?? settings.labels.en ?? 'Chat'

  const CSS = `
    :host { all: initial; color-scheme: light dark; }
    @media print { :host { display: none; } }
    button { position: fixed; z-index: 2147483000; inset-block-end: 20px; inset-inline-end: 20px; display: inline-flex;
      align-items: center; gap: 10px; height: 56px; padding: 0 22px 0 18px; border: 0; border-radius: 28px; cursor: pointer;
      font: 600 16px/1 system-ui, sans-serif; color: #fff; background: oklch(0.45 0.14 ${settings.hue});
      box-shadow: 0 6px 24px rgb(0 0 0 / 0.24); }
    button:hover { background: oklch(0.4 0.14 ${settings.hue}); }
    button:focus-visible { outline: 3px solid #fff; outline-offset: -5px;
      box-shadow: 0 0 0 3px oklch(0.45 0.14 ${settings.hue}); }
    svg { width: 24px; height: 24px; flex: none; }
    i { font-style: normal; min-width: 22px; padding: 3px 6px; border-radius: 11px; text-align: center;
      font-size: 14px; color: oklch(0.35 0.14 ${settings.hue}); background: #fff; }
    [hidden] { display: none !important; }
    div { position: fixed; z-index: 2147483001; inset-block-end: 20px; inset-inline-end: 20px; width: 380px;
      height: min(640px, calc(100dvh - 40px)); border-radius: 16px; overflow: hidden; background: Canvas;
      box-shadow: 0 0 0 1px rgb(0 0 0 / 0.12), 0 18px 48px rgb(0 0 0 / 0.3); }
    iframe { width: 100%; height: 100%; border: 0; display: block; color-scheme: normal; }
    @media (max-width: 480px), (max-height: 420px) {
      div { inset: 0; width: 100%; height: 100dvh; border-radius: 0; }
    }`

  const host = document.createElement('sampark-widget')
  const shadow = host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(CSS)
  shadow.adoptedStyleSheets = [sheet]
  host.dir = direction

  const button = document.createElement('button')
  button.type = 'button'
  button.setAttribute('aria-haspopup', 'dialog')
  button.setAttribute('aria-expanded', 'false')
  const icon = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  icon.setAttribute('viewBox', '0 0 24 24')
  icon.setAttribute('aria-hidden', 'true')
  path.setAttribute('d', 'M4 4h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z')
  path.setAttribute('fill', 'currentColor')
  icon.append(path)
  const words = document.createElement('span')
  words.textContent = label
  const count = document.createElement('i')
  count.hidden = true
  button.append(icon, words, count)
  button.hidden = 'hidden' in script.dataset

  const panel = document.createElement('div')
  panel.setAttribute('role', 'dialog')
  panel.setAttribute('aria-label', label)
  panel.hidden = true
  shadow.append(button, panel)

  let frame: HTMLIFrameElement | undefined
  let ready = false
  // Who is signed in on the site: in the tag, where its server writes the page, or by a call.
  const { userId, email = '', name = '', hash, jwt } = script.dataset
  let claim: unknown = jwt ? { jwt } : userId && hash ? { userId, email, name, hash } : undefined
  let came: Element | null = null
  let page = ''

  const tell = (t: string, more: object = {}): void => {
    if (ready) frame?.contentWindow?.postMessage({ sampark: settings.key, t, ...more }, desk)
  }

  const tellPage = (): void => {
    if (!ready || page === location.href) return
    page = location.href
    tell('page', { url: page.split('#')[0], title: document.title })
  }

  const load = (): void => {
    if (frame) return
    const query = new URLSearchParams({ origin: location.origin, lang: language, dir: direction })
    if (script.dataset.theme) query.set('theme', script.dataset.theme)
    frame = document.createElement('iframe')
    frame.title = label
    frame.src = `${desk}/widget/${settings.key}/frame?${query}`
    panel.append(frame)
    setInterval(tellPage, 2000)
  }

  const show = (on: boolean): void => {
    if (on === !panel.hidden) return
    if (on) {
      load()
      came = document.activeElement
    }
    panel.hidden = !on
    button.setAttribute('aria-expanded', String(on))
    button.style.visibility = on ? 'hidden' : ''
    try {
      // Only where the visitor has begun to chat: then the window is open again on his next page.
      if (localStorage.getItem(known)) localStorage.setItem(known, on ? 'open' : 'shut')
    } catch {
      // Storage is switched off; then the window is shut on the next page.
    }
    tell(on ? 'opened' : 'shut')
    if (on) frame?.focus()
    else if (came === host || came === document.body) button.focus()
    else (came as HTMLElement | null)?.focus?.()
  }

  const remember = (on: boolean): void => {
    try {
      if (!on) localStorage.removeItem(known)
      else if (!localStorage.getItem(known)) localStorage.setItem(known, panel.hidden ? 'shut' : 'open')
    } catch {
      // See above.
    }
  }

  const heard: Record<string, (message: Message) => void> = {
    ready: () => {
      ready = true
      page = ''
      if (claim) tell('identify', { claim })
      tell('begin')
      tellPage()
      if (!panel.hidden) tell('opened')
    },
    close: () => show(false),
    known: (message) => remember(Boolean(message.on)),
    unread: (message) => {
      count.textContent = String(message.count ?? 0)
      count.hidden = !message.count
      button.setAttribute('aria-label', message.count ? `${label}. ${message.label ?? ''}` : label)
    },
  }

  addEventListener('message', (event: MessageEvent<Message>) => {
    if (event.origin !== desk || event.source !== frame?.contentWindow || event.data?.sampark !== settings.key) return
    heard[event.data.t]?.(event.data)
  })

  const calls: Record<string, (value: unknown) => void> = {
    open: () => show(true),
    close: () => show(false),
    identify: (value) => {
      claim = value
      tell('identify', { claim })
    },
    logout: () => {
      claim = undefined
      remember(false)
      tell('logout')
    },
  }
  const before = window.sampark?.q ?? []
  window.sampark = (...call: Call): void => calls[call[0]]?.(call[1])

  button.addEventListener('click', () => show(true))
  for (const intent of ['pointerenter', 'focus']) button.addEventListener(intent, load)
  panel.addEventListener('keydown', (event) => event.key === 'Escape' && show(false))

  const start = (): void => {
    document.body.append(host)
    let last: string | null = null
    try {
      last = localStorage.getItem(known)
    } catch {
      // See above.
    }
    if (last) load()
    if (last === 'open' && !matchMedia('(max-width: 480px)').matches) show(true)
    for (const call of Array.from(before)) window.sampark?.(...(Array.from(call) as Call))
  }
  if (document.body) start()
  else addEventListener('DOMContentLoaded', start)
})()

export {}
