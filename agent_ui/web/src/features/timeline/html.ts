/**
 * HTML of messages made safe to show: sanitised once more here, links opened apart, remote images held back.
 *
 * The server has sanitised it already; this is the second wall. Nothing in here touches the page itself.
 */
import DOMPurify, { type Config } from 'dompurify'
import type { Attachment } from '@/shared/api/types'

const COMMON: Config = {
  FORBID_TAGS: ['style', 'form', 'input', 'button', 'select', 'textarea', 'iframe', 'object', 'embed', 'link', 'meta',
    'base', 'svg', 'math', 'video', 'audio', 'dialog'],
  FORBID_ATTR: ['id', 'name', 'class', 'srcset', 'ping', 'background', 'tabindex', 'autofocus', 'popover', 'slot'],
  ADD_ATTR: ['target', 'data-blocked-src', 'data-type'],
  ALLOW_DATA_ATTR: false,
  // The second half lets values that are no address at all (width="100") pass.
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|[^a-z]|[a-z+.-]+(?:[^a-z+.:-]|$))/i,
}

/** Markup that only makes sense with its own look: tables, colours, inline styles. */
const RICH = /<(?:table|font|center)\b|\s(?:style|bgcolor|align)\s*=/i
const COLOURED = /\sbgcolor\s*=|(?:background|color)\s*:/i

export function isRich(html: string): boolean {
  return RICH.test(html)
}

/** True when the mail brings colours of its own and so needs white paper under it in a dark console. */
export function hasColours(html: string): boolean {
  return COLOURED.test(html)
}

function openApart(root: ParentNode): void {
  for (const link of root.querySelectorAll('a')) {
    const target = link.getAttribute('href') ?? ''
    if (/^(?:https?:|mailto:|tel:)/i.test(target)) {
      link.setAttribute('target', '_blank')
      link.setAttribute('rel', 'noopener noreferrer nofollow')
    } else {
      link.removeAttribute('href')
    }
  }
}

/** Files of the desk, which may lie at an address of their own; the page's policy lets no other in. */
const OWN_IMAGE = /^(?:\/api\/attachments\/|(?:https?:\/\/[^/]+)?\/files\/[^/]+\/|data:image\/(?:png|gif|jpe?g|webp);)/i

function inlineSource(source: string, attachments: readonly Attachment[]): string | null {
  if (OWN_IMAGE.test(source)) return source
  if (!/^cid:/i.test(source)) return null
  const wanted = source.slice(4)
  return attachments.find((one) => one.contentId?.replace(/^<|>$/g, '') === wanted)?.url ?? null
}

function placeInlineImages(root: ParentNode, attachments: readonly Attachment[]): void {
  for (const image of root.querySelectorAll('img')) {
    const source = inlineSource(image.getAttribute('src') ?? '', attachments)
    if (source) image.setAttribute('src', source)
    else image.remove()
    image.setAttribute('loading', 'lazy')
    if (!image.hasAttribute('alt')) image.setAttribute('alt', '')
  }
}

/** Takes every image that would be asked for from outside; returns how many. */
function holdBackRemote(root: ParentNode): number {
  let held = 0
  for (const image of root.querySelectorAll('img')) {
    const source = image.getAttribute('src') ?? ''
    const remote = /^(?:https?:)?\/\//i.test(source) && !OWN_IMAGE.test(source)
    if (!remote && !image.hasAttribute('data-blocked-src')) continue
    held += 1
    image.remove()
  }
  return held
}

export interface CleanHtml {
  fragment: DocumentFragment
  /** Remote images left out. */
  blocked: number
}

function clean(html: string, attachments: readonly Attachment[], config: Config): CleanHtml {
  const fragment = DOMPurify.sanitize(html, { ...COMMON, ...config, RETURN_DOM_FRAGMENT: true })
  const blocked = holdBackRemote(fragment)
  placeInlineImages(fragment, attachments)
  openApart(fragment)
  return { fragment, blocked }
}

/** For our own surroundings: structure and emphasis stay, the sender's look does not. */
export function cleanPlain(html: string, attachments: readonly Attachment[] = []): { html: string; blocked: number } {
  const forbidden = [...(COMMON.FORBID_ATTR ?? []), 'style', 'bgcolor', 'color', 'align', 'width', 'height', 'face', 'size']
  const { fragment, blocked } = clean(html, attachments, { FORBID_ATTR: forbidden })
  const holder = document.createElement('div')
  holder.append(fragment)
  return { html: holder.innerHTML, blocked }
}

/** Properties that would let a mail paint outside its box or reach for the network. */
const FORBIDDEN_STYLE = /^(?:position|z-index|behavior|-moz-binding|content|transform|animation.*|transition.*|inset.*|cursor)$/

function applyStyle(element: HTMLElement, text: string): void {
  // Set through the object model: the page's CSP forbids style attributes in markup but not this.
  element.style.cssText = text
  for (const property of [...element.style]) {
    const value = element.style.getPropertyValue(property)
    if (FORBIDDEN_STYLE.test(property) || /url\s*\(|expression|image-set/i.test(value)) element.style.removeProperty(property)
  }
}

/**
 * Renames style attributes before anything parses them: the page's CSP would report each one even in a document
 * that is never shown. One that slips through (a ">" inside an earlier value) is dropped with its attribute.
 */
function asLook(html: string): string {
  return html.replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/\sstyle(?=\s*=)/i, ' data-look'))
}

/** For a shadow root of its own: the sender's inline look stays. */
export function cleanRich(html: string, attachments: readonly Attachment[] = []): CleanHtml {
  const result = clean(asLook(html), attachments, {
    ADD_ATTR: [...(COMMON.ADD_ATTR as string[]), 'data-look'],
    ADD_URI_SAFE_ATTR: ['data-look'],
    FORBID_ATTR: [...(COMMON.FORBID_ATTR ?? []), 'style'],
  })
  for (const element of result.fragment.querySelectorAll<HTMLElement>('[data-look]')) {
    applyStyle(element, element.dataset.look ?? '')
    element.removeAttribute('data-look')
  }
  return result
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Plain text as HTML: lines stay lines, addresses become links. */
export function textToHtml(text: string): string {
  const escaped = text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character)
  const linked = escaped.replace(/\bhttps?:\/\/[^\s<]+[^\s<.,;:!?)\]'&]/g, (url) => `<a href="${url}">${url}</a>`)
  return `<p>${linked.replace(/\n{2,}/g, '</p><p>').replace(/\n/g, '<br>')}</p>`
}
