/** The conditions in what was typed (`status:open`): put one in, take one out. The server reads them (tickets/searching.py). */

const quoted = (value: string) => (/\s/.test(value) ? `"${value}"` : value)

export const condition = (name: string, value: string) => `${name}:${quoted(value)}`

/** The question without this condition, whichever way it was written. */
export function without(question: string, name: string, value: string): string {
  const forms = [`${name}:${value}`, `${name}:"${value}"`].map((form) => form.toLowerCase())
  const pieces = question.match(/[^\s:]+:"[^"]*"|\S+/g) ?? []
  return pieces.filter((piece) => !forms.includes(piece.toLowerCase())).join(' ')
}

/** The question with this condition; others of the same name give way, since one value at a time is what a click means. */
export function withCondition(question: string, name: string, value: string, others: string[]): string {
  const rest = others.reduce((text, other) => without(text, name, other), question)
  return `${rest} ${condition(name, value)}`.trim()
}
