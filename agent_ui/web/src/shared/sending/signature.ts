/**
 * The author's signature under a reply: added when it is sent, taken off when a sent text becomes a draft again.
 */
const LEAD = '--'

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** The signature as it stands under a mail; empty for an empty signature. */
export function signatureHtml(signature: string): string {
  const lines = signature.trim().split(/\r?\n/)
  if (!lines[0]) return ''
  const escaped = lines.map((line) => line.replace(/[&<>]/g, (character) => ESCAPES[character] ?? character))
  return `<p>${[LEAD, ...escaped].join('<br>')}</p>`
}

export function withSignature(html: string, signature: string): string {
  return html + signatureHtml(signature)
}

function words(element: Element): string {
  const copy = element.cloneNode(true) as Element
  for (const line of copy.querySelectorAll('br')) line.replaceWith(' ')
  return (copy.textContent ?? '').replace(/\s+/g, ' ').trim()
}

/** Compares by words: on its way through the server the markup may have changed. */
export function withoutSignature(html: string, signature: string): string {
  const signed = signatureHtml(signature)
  if (!signed) return html
  const page = new DOMParser().parseFromString(html, 'text/html')
  const own = new DOMParser().parseFromString(signed, 'text/html').body.firstElementChild
  const last = page.body.lastElementChild
  if (!last || !own || words(last) !== words(own)) return html
  last.remove()
  return page.body.innerHTML
}
