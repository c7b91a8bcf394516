import { expect, it } from 'vitest'
import { router } from './router'
import en from '@/shared/i18n/en.json'
import { placeOf } from '@/features/shell/title'

/** Neither a page of the signed-in (these show something else first), nor one that is left at once. */
const WITHOUT = new Set(['inbox', 'missing', 'signIn', 'television'])

it.each(router.getRoutes().filter((route) => route.name && !WITHOUT.has(String(route.name))).map((route) => [String(route.name), route.path]))('the page %s gives the window a title', (_name, path) => {
  const key = placeOf(path)
  const words = key?.split('.').reduce<unknown>((tree, part) => (tree as Record<string, unknown>)[part], en)
  expect(words).toBeTypeOf('string')
})

it('names the page of the settings, and what is open in it', () => {
  expect(placeOf('/settings/rules/7')).toBe('settings.rules')
  expect(placeOf('/settings')).toBe('nav.desk')
  expect(placeOf('/nowhere')).toBeUndefined()
})
