/** Templates in the settings: which variables there are, what a filled one looks like, and what could go wrong. */

/** In the order they are offered. The server fills them (`tickets/templates`); it leaves out what it does not know. */
export const VARIABLES = [
  'customer.first_name', 'customer.name', 'customer.email', 'ticket.id', 'ticket.subject', 'agent.first_name', 'agent.name',
  'mailbox.name', 'mailbox.address', 'product.name', 'ticket.url',
] as const
export type Variable = (typeof VARIABLES)[number]
export type Values = Partial<Record<Variable, string>>

const PATTERN = /\{\{\s*([A-Za-z_][\w.]{0,60})\s*(?:\|([^{}|]{0,200}))?\}\}/g

/** Not every customer has told a name; a template should say what stands there then. */
const OFTEN_UNKNOWN: readonly string[] = ['customer.first_name', 'customer.name']

export interface TemplateFaults {
  /** There is no such variable: it would stand in the mail as it is. */
  unknown: string[]
  /** Known variables that have no value where this template is used. */
  empty: string[]
  /** May have no value, and the template does not say what to write instead. */
  risky: string[]
}

const once = (names: string[]) => [...new Set(names)]

export function faults(template: string, absent: readonly string[] = []): TemplateFaults {
  const found = [...template.matchAll(PATTERN)].map((match) => ({ name: match[1]!, fallback: match[2]?.trim() }))
  const known = found.filter(({ name }) => (VARIABLES as readonly string[]).includes(name))
  return {
    unknown: once(found.filter((each) => !known.includes(each)).map(({ name }) => name)),
    empty: once(known.filter(({ name, fallback }) => absent.includes(name) && !fallback).map(({ name }) => name)),
    risky: once(known.filter(({ name, fallback }) => OFTEN_UNKNOWN.includes(name) && !fallback).map(({ name }) => name)),
  }
}

export interface Piece {
  text: string
  /** A value that was put in, or a variable that could not be filled. */
  kind: 'plain' | 'filled' | 'hole'
}

/** The template with example values, in pieces so that the page can mark what was filled. */
export function preview(template: string, values: Values): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const match of template.matchAll(PATTERN)) {
    if (match.index > at) pieces.push({ text: template.slice(at, match.index), kind: 'plain' })
    const value = values[match[1] as Variable] || match[2]?.trim()
    pieces.push(value ? { text: value, kind: 'filled' } : { text: match[0], kind: 'hole' })
    at = match.index + match[0].length
  }
  if (at < template.length) pieces.push({ text: template.slice(at), kind: 'plain' })
  return pieces
}

/** How a variable is written into a template; for names that may be unknown with the word that stands there then. */
export const written = (name: string, fallback = '') =>
  (fallback && OFTEN_UNKNOWN.includes(name) ? `{{${name}|${fallback}}}` : `{{${name}}}`)
