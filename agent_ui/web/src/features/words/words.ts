/** Words as people type them into one field. */

/** Split at commas of all scripts, semicolons and lines; each word once, whatever its capitals. */
export function wordsOf(text: string): string[] {
  const found = text.split(/[,;\n\u060C\u3001\uFF0C]/).map((word) => word.trim().replace(/\s+/g, ' ')).filter(Boolean)
  const known = new Set<string>()
  return found.filter((word) => {
    const same = word.toLocaleLowerCase()
    return !known.has(same) && Boolean(known.add(same))
  })
}

export const textOf = (words: readonly string[]) => words.join(', ')
