import { afterEach, describe, expect, it, vi } from 'vitest'
import { dress, expectedHeight, forwardKey, heightKey, rememberHeight } from './mailFrame'

const COLOURS = { ink: 'red', accent: 'blue', font: 'Inter', dark: true, paper: false }

describe('the frame of a mail', () => {
  afterEach(() => document.body.replaceChildren())

  it('keeps the height free that the mail had last time', () => {
    const key = heightKey(7, 640, false)
    const guess = expectedHeight(key, 'one line', 640)
    rememberHeight(key, 412)
    expect(guess).toBeLessThan(412)
    expect(expectedHeight(key, 'one line', 640)).toBe(412)
    expect(expectedHeight(heightKey(7, 320, false), 'one line', 320)).toBe(guess)
  })

  it('guesses more for more text, within bounds', () => {
    const guess = (text: string) => expectedHeight(heightKey(1, 600, false), text, 600)
    expect(guess('word '.repeat(200))).toBeGreaterThan(guess('word'))
    expect(guess('word '.repeat(90_000))).toBe(900)
    expect(guess('')).toBeGreaterThan(0)
  })

  it('lets a command take a key pressed inside', () => {
    const frame = document.createElement('iframe')
    document.body.append(frame)
    const heard = vi.fn((event: Event) => event.preventDefault())
    window.addEventListener('keydown', heard, { once: true })
    const pressed = new KeyboardEvent('keydown', { key: 'j', code: 'KeyJ', cancelable: true })
    forwardKey(frame, pressed)
    expect(heard).toHaveBeenCalledOnce()
    expect(pressed.defaultPrevented).toBe(true)
    const free = new KeyboardEvent('keydown', { key: 'c', ctrlKey: true, cancelable: true })
    forwardKey(frame, free)
    expect(free.defaultPrevented).toBe(false)
  })

  it('dresses a mail once: the console’s look or white paper', () => {
    const page = document.implementation.createHTMLDocument('')
    dress(page, COLOURS)
    expect(page.head.textContent).toContain('--ink: red')
    dress(page, { ...COLOURS, paper: true })
    expect(page.querySelectorAll('style')).toHaveLength(1)
    expect(page.head.textContent).not.toContain('--ink: red')
    expect(page.head.textContent).toContain('color-scheme: light')
  })
})
