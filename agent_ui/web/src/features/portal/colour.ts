/**
 * The colours that the portal makes of a brand's one hue, in light and dark, and how well they can be read.
 *
 * The numbers are those of `portal/static/portal.css` (a test compares them): lightness and strength are fixed there,
 * the hue is the brand's.
 */
export type Theme = 'light' | 'dark'
/** Lightness 0–1, chroma, and a hue of its own where it is not the brand's. */
type Oklch = readonly [number, number, number?]

const LIGHT = {
  canvas: [0.993, 0.002, 170], panel: [1, 0, 0], ink: [0.215, 0.018, 180], 'ink-2': [0.42, 0.018, 180], line: [0.905, 0.008, 170],
  brand: [0.43, 0.085], 'brand-soft': [0.955, 0.025], 'on-brand': [0.99, 0.01], hero: [0.27, 0.045], 'on-hero': [0.97, 0.012], 'on-hero-2': [0.88, 0.03],
} as const satisfies Record<string, Oklch>

export type Token = keyof typeof LIGHT

export const TOKENS: Record<Theme, Record<Token, Oklch>> = {
  light: LIGHT,
  dark: {
    ...LIGHT,
    canvas: [0.17, 0.01, 180], panel: [0.205, 0.012, 180], ink: [0.95, 0.006, 180], 'ink-2': [0.79, 0.012, 180], line: [0.3, 0.014, 180],
    brand: [0.79, 0.1], 'brand-soft': [0.27, 0.035], 'on-brand': [0.19, 0.02], hero: [0.225, 0.035],
  },
}

/** What small text needs on its ground (WCAG 2.2, 1.4.3). */
export const ENOUGH = 4.5

/** A hue as the portal knows it: whole degrees. */
export const hueOf = (value: number | null): number => Math.min(360, Math.max(0, Math.round(Number(value) || 0)))

/** A colour as a style sheet says it. */
export function css(theme: Theme, token: Token, hue: number): string {
  const [lightness, chroma, own] = TOKENS[theme][token]
  return `oklch(${lightness} ${chroma} ${own ?? hue})`
}

/** All colours of a theme as custom properties. */
export const properties = (theme: Theme, hue: number): Record<string, string> =>
  Object.fromEntries((Object.keys(LIGHT) as Token[]).map((token) => [`--p-${token}`, css(theme, token, hue)]))

/** Relative luminance of an OKLCH colour; what a screen cannot show is cut off at its edge. */
function luminance([lightness, chroma, own]: Oklch, hue: number): number {
  const angle = ((own ?? hue) * Math.PI) / 180
  const [a, b] = [chroma * Math.cos(angle), chroma * Math.sin(angle)]
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  const [red, green, blue] = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((part) => Math.min(1, Math.max(0, part))) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** The contrast of two colours of a theme, 1 to 21. */
export function contrast(theme: Theme, text: Token, ground: Token, hue: number): number {
  const [one, other] = [text, ground].map((token) => luminance(TOKENS[theme][token], hue)) as [number, number]
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
}

export interface Reading {
  what: 'headline' | 'button' | 'link'
  ratio: number
}

const PAIRS: readonly [Reading['what'], readonly (readonly [Token, Token])[]][] = [
  ['headline', [['on-hero', 'hero'], ['on-hero-2', 'hero']]],
  ['button', [['on-brand', 'brand']]],
  ['link', [['brand', 'canvas'], ['brand', 'panel'], ['brand', 'brand-soft']]],
]

/** How well a brand can be read in a theme: of each kind of text the worst place where it stands. */
export const readings = (theme: Theme, hue: number): Reading[] =>
  PAIRS.map(([what, pairs]) => ({ what, ratio: Math.min(...pairs.map(([text, ground]) => contrast(theme, text, ground, hue))) }))

/** "7.2": cut off, so that nothing is called better than it is. */
export const ratioText = (ratio: number): string => (Math.floor(ratio * 10) / 10).toFixed(1)

const NAMES = [[20, 'pink'], [50, 'red'], [75, 'orange'], [115, 'olive'], [160, 'green'], [200, 'teal'], [235, 'sky'], [280, 'blue'], [325, 'violet'], [361, 'pink']] as const

/** The key of a hue's name, for who cannot see it. */
export const hueName = (hue: number): string => NAMES.find(([below]) => hue < below)![1]
