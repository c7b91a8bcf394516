import { expect, it } from 'vitest'
import { textOf, wordsOf } from './words'

it.each([
  ['TV, television', ['TV', 'television']],
  [' TV ;  idiot   box \n telly,,', ['TV', 'idiot box', 'telly']],
  ['tv, TV, Tv', ['tv']],
  ['फ्रिज، रेफ्रिजरेटर', ['फ्रिज', 'रेफ्रिजरेटर']],
  [' , ', []],
])('"%s" are the words %j', (text, words) => {
  expect(wordsOf(text)).toEqual(words)
  expect(wordsOf(textOf(words))).toEqual(words)
})
