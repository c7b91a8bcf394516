/** Split a text into pieces, those that match a searched word and those that do not. */

export interface Piece {
  text: string
  hit: boolean
}

export function markPieces(text: string, q: string): Piece[] {
  const words = q.split(/\s+/).filter((word) => word.length > 1).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  if (!words.length || !text) return [{ text, hit: false }]
  const pattern = new RegExp(`(${words.join('|')})`, 'giu')
  // split with a capturing group puts the hits at the odd places
  return text.split(pattern).map((piece, index) => ({ text: piece, hit: index % 2 === 1 })).filter((piece) => piece.text)
}
