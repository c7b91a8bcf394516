import { expect, it } from 'vitest'
import { safeNext } from './safeNext'

it('goes on to pages of the console and nowhere else', () => {
  expect(safeNext('/inbox/open/12?x=1')).toBe('/inbox/open/12?x=1')
  for (const trap of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/sign-in?next=/sign-in', undefined, ['/a']]) {
    expect(safeNext(trap)).toBe('/inbox/mine')
  }
})
