/**
 * A mail's frame seen from outside: its height follows its content, it takes the console's look when it has none of
 * its own, and keys pressed inside reach the console's shortcuts.
 *
 * The frame has the console's origin but may run no scripts, so the console can measure it and nothing in it can act.
 */

const heights = new Map<string, number>()
const REMEMBERED = 300
/** Width of a letter and height of a line, on average: only for the first guess. */
const LETTER_PX = 6.6
const LINE_PX = 21

export const heightKey = (messageId: number, width: number, images: boolean): string =>
  `${messageId}:${Math.round(width / 20)}:${images ? 1 : 0}`

/** The height to keep free until the mail is there: what it had last time, or a guess from its text. */
export function expectedHeight(key: string, text: string, width: number): number {
  const known = heights.get(key)
  if (known !== undefined) return known
  const perLine = Math.max(20, width / LETTER_PX)
  const lines = text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / perLine)), 0)
  return Math.min(900, Math.max(48, lines * LINE_PX + 24))
}

export function rememberHeight(key: string, height: number): void {
  heights.delete(key)
  heights.set(key, height)
  for (const old of heights.keys()) {
    if (heights.size <= REMEMBERED) break
    heights.delete(old)
  }
}

function keyParts(event: KeyboardEvent): KeyboardEventInit {
  const { key, code, ctrlKey, metaKey, altKey, shiftKey } = event
  return { key, code, ctrlKey, metaKey, altKey, shiftKey, bubbles: true, cancelable: true }
}

/** A key pressed inside counts as pressed on the frame; one that a command took does nothing more inside. */
export function forwardKey(frame: HTMLIFrameElement, event: KeyboardEvent): void {
  const copy = new KeyboardEvent('keydown', keyParts(event))
  if (!frame.dispatchEvent(copy)) event.preventDefault()
}

const BLEND = `
  :root { background: transparent !important; }
  body { margin: 0 !important; padding: 0 !important; background: transparent !important; color: var(--ink) !important;
    font: 14px/21px var(--font), system-ui, sans-serif; overflow-wrap: anywhere; }
  a { color: var(--accent) !important; }
`
const PAPER = `
  :root { color-scheme: light; background: #fff; }
  body { padding: 12px !important; }
`
const ALWAYS = `
  html, body { height: auto !important; min-height: 0 !important; }
  html { overflow-y: hidden; }
  img { max-width: 100%; height: auto; }
  .more { display: none; }
  @media print { :root, body { background: #fff !important; color: #000 !important; } }
`

/** Gives a mail without colours the console's ink and ground, and one with colours white paper in either theme. */
export function dress(page: Document, colours: { paper: boolean; dark: boolean; ink: string; accent: string; font: string }): void {
  const style = page.getElementById('sampark-look') ?? page.createElement('style')
  style.id = 'sampark-look'
  const { paper, dark, ink, accent, font } = colours
  const root = `:root { --ink: ${ink}; --accent: ${accent}; --font: ${font}; color-scheme: ${dark ? 'dark' : 'light'}; }`
  style.textContent = paper ? PAPER + ALWAYS : root + BLEND + ALWAYS
  if (!style.isConnected) page.head.append(style)
}

/** A mail that is wider than its place is made smaller, down to this; what is wider still is scrolled. */
const SMALLEST = 0.6

/** Fits a mail of a fixed width (a newsletter, a wide table) into its frame; returns the scale. */
export function fitWidth(page: Document): number {
  page.body.style.zoom = ''
  const room = page.documentElement.clientWidth
  const wanted = page.documentElement.scrollWidth
  if (!room || wanted <= room + 1) return 1
  const scale = Math.max(SMALLEST, room / wanted)
  page.body.style.zoom = String(scale)
  return scale
}

/** How high the whole mail is; a page's own element is never lower than its view, so the body is asked. */
export function contentHeight(page: Document): number {
  const body = page.body.getBoundingClientRect()
  const styles = page.defaultView?.getComputedStyle(page.body)
  const margins = (Number.parseFloat(styles?.marginTop ?? '') || 0) + (Number.parseFloat(styles?.marginBottom ?? '') || 0)
  const scrollbar = page.documentElement.scrollWidth > page.documentElement.clientWidth ? 16 : 0
  return Math.ceil(Math.max(body.height + margins, page.documentElement.getBoundingClientRect().height)) + scrollbar
}
