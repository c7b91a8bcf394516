import { describe, expect, it } from 'vitest'
import SHEET from '../../../../../portal/static/portal.css?raw'
import { contrast, css, ENOUGH, hueName, hueOf, properties, ratioText, readings, TOKENS, type Theme } from './colour'

const [light = '', dark = ''] = SHEET.split('@media (prefers-color-scheme: dark)')
const THEMES: Theme[] = ['light', 'dark']

/** `--brand: oklch(0.43 0.085 var(--hue))` → [0.43, 0.085] */
function inSheet(part: string, token: string): (number | undefined)[] | undefined {
  const [, lightness, chroma, hue] = new RegExp(`--${token}: oklch\\((\\S+) (\\S+) ([^)]+)\\)`).exec(part) ?? []
  if (lightness === undefined) return undefined
  return hue === 'var(--hue' ? [Number(lightness), Number(chroma)] : [Number(lightness), Number(chroma), Number(hue)]
}

describe('colours of the portal', () => {
  it.each(Object.keys(TOKENS.light))('%s is that of its style sheet in both themes', (token) => {
    const known = token as keyof typeof TOKENS.light
    expect(TOKENS.light[known]).toEqual(inSheet(light, token))
    expect(TOKENS.dark[known]).toEqual(inSheet(dark.slice(0, dark.indexOf('@view-transition')), token) ?? inSheet(light, token))
  })
  it('are enough of a contrast for every hue', () => {
    const worst = THEMES.flatMap((theme) => Array.from({ length: 361 }, (_, hue) => readings(theme, hue)).flat()).map((each) => each.ratio)
    expect(Math.min(...worst)).toBeGreaterThan(ENOUGH)
  })
  it('contrast as the guidelines count it', () => {
    expect(contrast('light', 'panel', 'panel', 0)).toBe(1)
    expect(contrast('light', 'ink', 'panel', 0)).toBeGreaterThan(15)
    expect(contrast('light', 'ink', 'panel', 0)).toBe(contrast('light', 'panel', 'ink', 0))
  })
  it('are said as a style sheet says them', () => {
    expect(css('dark', 'brand', 250)).toBe('oklch(0.79 0.1 250)')
    expect(properties('light', 30)['--p-canvas']).toBe('oklch(0.993 0.002 170)')
  })
})

it('a contrast is never called better than it is', () => expect(ratioText(4.49)).toBe('4.4'))
it.each([[null, 0], [-3, 0], [171.6, 172], [400, 360]])('hue %s is %s', (typed, hue) => expect(hueOf(typed)).toBe(hue))
it('every hue has a name', () => {
  expect([0, 25, 90, 150, 172, 250, 300, 360].map(hueName)).toEqual(['pink', 'red', 'olive', 'green', 'teal', 'blue', 'violet', 'pink'])
})
