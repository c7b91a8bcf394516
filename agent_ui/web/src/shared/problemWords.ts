/**
 * What the server says is wrong (its own sentences and those of its decoder, in English) in the reader's language.
 *
 * The sentences that any page can meet are here; a page whose forms can meet others teaches them with its words
 * (`teach`). What nobody has taught is shown as it is.
 */
import { tr } from './i18n'

/** How a sentence of the server looks, the message that says it, and the names of its parts. */
export type Sentence = readonly [RegExp, string, (readonly string[])?]

const known: Sentence[] = [
  [/^Expected `str` of length <= (\d+)$/, 'problem.tooLong', ['n']],
  [/^Expected `(?:str|object)` of length >= 1$/, 'problem.missing'],
  [/^Expected `array` of length <= (\d+)$/, 'problem.tooMany', ['n']],
  [/^Expected `array` of length >= (\d+)$/, 'problem.tooFew', ['n']],
  [/^Expected `(?:int|float)` >= (-?\d+(?:\.\d*[1-9])?)(?:\.0+)?$/, 'problem.atLeast', ['n']],
  [/^Expected `(?:int|float)` <= (-?\d+(?:\.\d*[1-9])?)(?:\.0+)?$/, 'problem.atMost', ['n']],
  [/^Expected `[^`]+`, got `null`$/, 'problem.missing'],
  [/^Expected `int(?: \| null)?`, got /, 'problem.wholeNumber'],
  [/^Invalid RFC3339 encoded date(?:time)?$/, 'problem.noDay'],
  [/^Object missing required field /, 'problem.missing'],
  [/^Invalid enum value /, 'problem.notOffered'],
  [/^There is no such team\.$/, 'problem.noTeam'],
  [/^There is no such mailbox\.$/, 'problem.noMailbox'],
  [/^Somebody changed this in the meantime$/, 'problem.stale'],
  [/^You are not allowed to do this$/, 'problem.notAllowed'],
  [/^Too many tries$/, 'problem.tooOften'],
  [/^Not found$/, 'problem.notFound'],
  [/^This cannot be done now$/, 'problem.notNow'],
  [/^Some fields need attention$/, 'problem.fields'],
  [/^Something went wrong on our side$/, 'problem.ours'],
  [/^It has been written down as (\S+)\.$/, 'problem.writtenDown', ['id']],
]

/** What else the decoder says, about types and patterns, is for programmers: it tells a reader no more than this. */
const developers: Sentence = [/^(?:Expected `|Object contains unknown field |Unsupported type|Invalid decimal string$)/, 'problem.fields']

/** Sentences of a page's own forms; their words come with the page. */
export function teach(sentences: readonly Sentence[]): void {
  for (const sentence of sentences) if (!known.includes(sentence)) known.push(sentence)
}

/** The message for a sentence, or null when nobody has taught it. */
export function messageFor(sentence: string): { key: string; parts: Record<string, string> } | null {
  for (const [pattern, key, names = []] of [...known, developers]) {
    const found = pattern.exec(sentence)
    if (found) return { key, parts: Object.fromEntries(names.map((name, at) => [name, found[at + 1] ?? ''])) }
  }
  return null
}

/** A complaint of the server in the reader's language. */
export function problemWords(sentence: string): string {
  const found = messageFor(sentence)
  return found ? tr(found.key, found.parts) : sentence
}
