import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { handleKey, useCommand } from './commands'
import { beginAhead, editorArrived, editorAwaited, editorLeft, expectEditor, expectPalette, keepKey, paletteArrived } from './typeAhead'

const press = (key: string) => handleKey(new KeyboardEvent('keydown', { key, code: `Key${key.toUpperCase()}` }))

describe('keys before the editor is there', () => {
  const scope = effectScope()
  const solve = vi.fn()
  const next = vi.fn()
  beforeEach(() => {
    scope.run(() => useCommand(
      { id: 'ticket.solve', group: 'ticket', keys: ['e'], run: solve },
      { id: 'list.next', group: 'list', keys: ['j'], run: next },
      { id: 'compose.reply', group: 'compose', keys: ['r'], when: editorAwaited, run: () => beginAhead('reply') },
    ))
    expectEditor(true)
  })
  afterEach(() => {
    expectEditor(false)
    editorLeft()
    solve.mockClear()
    next.mockClear()
  })

  it('change no ticket', () => {
    press('e')
    expect(solve).not.toHaveBeenCalled()
    press('j')
    expect(next).toHaveBeenCalledOnce()
  })

  it('stand in the editor when it comes', () => {
    for (const key of ['r', 'j', 'e', 'x', ' ', 'ñ']) press(key)
    keepKey({ key: 'Backspace', ctrlKey: false, metaKey: false })
    expect(next).not.toHaveBeenCalled()
    expect(editorArrived()).toEqual({ mode: 'reply', text: 'jex ' })
    expect(press('e')).toBe(true)
    expect(solve).toHaveBeenCalledOnce()
  })

  it('stand in the palette when that was asked for', () => {
    expectPalette()
    for (const key of ['c', 'j', 'e']) press(key)
    expect(next).not.toHaveBeenCalled()
    expect(paletteArrived()).toBe('cje')
    press('j')
    expect(next).toHaveBeenCalledOnce()
  })

  it('are free again after Escape, or when no editor comes', () => {
    press('r')
    press('a')
    keepKey({ key: 'Escape', ctrlKey: false, metaKey: false })
    expect(editorArrived()).toBeNull()
    editorLeft()
    expectEditor(true, 1_000)
    expect(editorAwaited(5_000)).toBe(true)
    expect(editorAwaited(11_001)).toBe(false)
  })
})
