/** Theme, density and tenant hue: attributes of <html>, remembered for `public/theme.js` of the next load. */
import type { Theme } from './api/types'
import { store } from './storage'

const dark = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : null
let chosen: Theme = 'system'

function paint(): void {
  const isDark = chosen === 'dark' || (chosen === 'system' && dark?.matches === true)
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
}

dark?.addEventListener('change', paint)

export function applyTheme(theme: Theme): void {
  chosen = theme
  store.set('theme', theme)
  paint()
}

export function currentTheme(): Theme {
  return chosen
}

/** The tenant's hue in degrees of the oklch circle. */
export function setBrandHue(hue: number): void {
  document.documentElement.style.setProperty('--brand-h', String(hue))
}
