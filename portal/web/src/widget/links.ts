/** Text in pieces, its web addresses as links. Nothing of it is ever taken for markup. */
export interface Piece {
  text: string
  address?: string
}

const ADDRESS = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g

export function pieces(text: string): Piece[] {
  const found: Piece[] = []
  let last = 0
  for (const match of text.matchAll(ADDRESS)) {
    if (match.index > last) found.push({ text: text.slice(last, match.index) })
    found.push({ text: match[0], address: match[0] })
    last = match.index + match[0].length
  }
  if (last < text.length) found.push({ text: text.slice(last) })
  return found
}
