/** Words in several languages: which text a reader gets, and what is still missing in a language. */
import type { Words } from './api/portal'

/** What a reader of a language gets to see: her language, else the other one, else any. */
export const said = (words: Words, language: string, otherwise = 'en'): string =>
  words[language]?.trim() || words[otherwise]?.trim() || Object.values(words).find((text) => text.trim()) || ''

/** Only the languages that say something, without spaces around. */
export const filled = (words: Words): Words =>
  Object.fromEntries(Object.entries(words).map(([code, text]) => [code, text.trim()]).filter(([, text]) => text))

/** How many of these texts say something, but not in this language. */
export const missing = (texts: readonly Words[], language: string): number =>
  texts.filter((words) => said(words, language) && !words[language]?.trim()).length
