/**
 * Variables of templates that nothing was known for: `{{customer.name}}` must never reach a customer.
 *
 * The same rule as the server's (tickets/templates.py): code and quotes are left alone, customers write about
 * templates too.
 */
const VARIABLE = /\{\{\s*([A-Za-z_][\w.]{0,60})\s*(?:\|[^{}|]{0,200})?\}\}/g

export interface Unfilled {
  name: string
  /** Offsets in the text. */
  from: number
  to: number
}

export function unfilledInText(text: string): Unfilled[] {
  return [...text.matchAll(VARIABLE)].map((found) => ({ name: found[1]!, from: found.index, to: found.index + found[0].length }))
}

/** Names of the variables that still stand in what is about to be sent, each once. */
export function unfilledIn(html: string): string[] {
  if (!html.includes('{') && !html.includes('&#')) return []
  const page = new DOMParser().parseFromString(html, 'text/html')
  for (const quoted of page.querySelectorAll('pre, code, blockquote')) quoted.remove()
  return [...new Set(unfilledInText(page.body.textContent ?? '').map((one) => one.name))]
}
