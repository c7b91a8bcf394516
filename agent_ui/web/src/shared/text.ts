/** Text that must be cut or hashed by what a reader sees, not by code units. */

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** First visible letter of the first two words: "संजय कुलकर्णी" → "संकु". An address gives its first letter. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word))
  return words.slice(0, 2).map((word) => [...graphemes.segment(word)][0]?.segment ?? '').join('')
}

/** A stable hue in degrees for a name. */
export function hueOf(name: string): number {
  let hash = 2166136261
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619)
  return (hash >>> 0) % 360
}

/** Lower case without accents, for comparing what is typed with what is shown. */
export function fold(text: string): string {
  return text.normalize('NFKD').replace(/[\u0300-\u036f\u200c\u200d]/g, '').toLowerCase()
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Lines of text as one paragraph. */
export function htmlOfText(text: string): string {
  const lines = text.trim().split(/\r?\n/).map((line) => line.replace(/[&<>]/g, (sign) => ESCAPES[sign] ?? sign))
  return lines[0] ? `<p>${lines.join('<br>')}</p>` : ''
}

/** The words of simple HTML, a line for each break and block. Nothing of it is run or loaded. */
export function textOfHtml(html: string): string {
  if (!html.includes('<')) return html.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&').trim()
  const page = new DOMParser().parseFromString(html.replace(/<br\s*\/?>|<\/(?:p|div|li)>/gi, '\n'), 'text/html')
  return (page.body.textContent ?? '').replace(/[ \t]+\n/g, '\n').trim()
}
