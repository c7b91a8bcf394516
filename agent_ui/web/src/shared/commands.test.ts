import { effectScope, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { availableCommands, handleKey, keyText, keyToken, singleKeys, useCommand, type Command } from './commands'

let scope: EffectScope
const key = (init: KeyboardEventInit & { target?: Element }) => {
  const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init })
  ;(init.target ?? document.body).dispatchEvent(event)
  return event
}
const press = (k: string, extra: KeyboardEventInit & { target?: Element } = {}) =>
  handleKey(key({ key: k, code: /^[a-z]$/.test(k) ? `Key${k.toUpperCase()}` : k, ...extra }))
const register = (...commands: Partial<Command>[]) =>
  scope.run(() => useCommand(...commands.map((c) => ({ id: 'x', group: 'general' as const, run: () => undefined, ...c }))))

beforeEach(() => {
  scope = effectScope()
  singleKeys.value = true
  document.body.innerHTML = ''
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

describe('key tokens', () => {
  it('takes the physical key where the script is not Latin, and the cap where it is', () => {
    expect(keyToken(new KeyboardEvent('keydown', { key: 'र', code: 'KeyJ' }))).toBe('j')
    expect(keyToken(new KeyboardEvent('keydown', { key: 'a', code: 'KeyQ' }))).toBe('a')
    expect(keyToken(new KeyboardEvent('keydown', { key: '५', code: 'Digit5' }))).toBe('5')
    expect(keyToken(new KeyboardEvent('keydown', { key: 'ड', code: 'BracketLeft' }))).toBe('[')
  })
  it('writes modifiers in one order and leaves shift out of symbols', () => {
    expect(keyToken(new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', ctrlKey: true, shiftKey: true }))).toBe('mod+shift+enter')
    expect(keyToken(new KeyboardEvent('keydown', { key: '?', code: 'Slash', shiftKey: true }))).toBe('?')
  })
  it('names keys for people', () => {
    expect(keyText('mod+shift+enter')).toBe('Ctrl+Shift+↵')
    expect(keyText('g i')).toBe('G I')
  })
})

describe('running commands', () => {
  it('runs the latest command of a key whose condition holds', () => {
    const first = vi.fn()
    const second = vi.fn()
    register({ id: 'a', keys: ['e'], run: first }, { id: 'b', keys: ['e'], run: second, when: () => false })
    press('e')
    expect(first).toHaveBeenCalledOnce()
    expect(second).not.toHaveBeenCalled()
  })
  it('leaves typing alone, but lets mod keys and inEditor commands through', () => {
    const plain = vi.fn()
    const mod = vi.fn()
    const escape = vi.fn()
    register({ keys: ['e'], run: plain }, { keys: ['mod+k'], run: mod }, { keys: ['escape'], inEditor: true, run: escape })
    document.body.innerHTML = '<input>'
    const target = document.querySelector('input')!
    press('e', { target })
    press('k', { target, ctrlKey: true })
    press('Escape', { target })
    expect(plain).not.toHaveBeenCalled()
    expect(mod).toHaveBeenCalledOnce()
    expect(escape).toHaveBeenCalledOnce()
  })
  it('waits for the second key of a sequence and forgets it after a while', () => {
    vi.useFakeTimers()
    const go = vi.fn()
    const inbox = vi.fn()
    register({ id: 'go', keys: ['g i'], run: go }, { id: 'i', keys: ['i'], run: inbox })
    press('g')
    press('i')
    expect(go).toHaveBeenCalledOnce()
    press('g')
    vi.advanceTimersByTime(1000)
    press('i')
    expect(go).toHaveBeenCalledOnce()
    expect(inbox).toHaveBeenCalledOnce()
  })
  it('does nothing while composing or while a suggestion list is open', () => {
    const run = vi.fn()
    register({ keys: ['e'], run })
    press('e', { isComposing: true })
    document.body.innerHTML = '<div data-suggest></div>'
    press('e')
    expect(run).not.toHaveBeenCalled()
  })
  it('respects that single keys are switched off, except arrows and Escape', () => {
    const letter = vi.fn()
    const arrow = vi.fn()
    register({ keys: ['j'], run: letter }, { keys: ['arrowdown'], run: arrow })
    singleKeys.value = false
    press('j')
    press('ArrowDown')
    expect(letter).not.toHaveBeenCalled()
    expect(arrow).toHaveBeenCalledOnce()
  })
  it('leaves Enter to a focused button and every key to an open menu', () => {
    const run = vi.fn()
    register({ keys: ['enter', 'e'], run })
    document.body.innerHTML = '<button>b</button><div role="menu"><i></i></div>'
    press('Enter', { target: document.querySelector('button')! })
    press('e', { target: document.querySelector('i')! })
    expect(run).not.toHaveBeenCalled()
  })
  it('forgets commands with the component that made them', () => {
    register({ id: 'gone', keys: ['e'] })
    expect(availableCommands.value.map((c) => c.id)).toContain('gone')
    scope.stop()
    expect(availableCommands.value.map((c) => c.id)).not.toContain('gone')
  })
})
