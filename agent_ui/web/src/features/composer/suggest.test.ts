import { describe, expect, it } from 'vitest'
import { matching } from './suggest'

const entries = ['Refund started', 'Ask for a refund', 'Größe', 'संजय'].map((name) => ({ name }))
const names = (typed: string) => matching(entries, typed).map((entry) => entry.name)

describe('suggestions', () => {
  it('puts names that begin with the typed letters first', () => expect(names('ref')).toEqual(['Refund started', 'Ask for a refund']))
  it('does not mind case and accents', () => expect(names('gro')).toEqual(['Größe']))
  it('finds names in other scripts', () => expect(names('संज')).toEqual(['संजय']))
  it('offers everything before a letter is typed', () => expect(names('')).toHaveLength(4))
})
