/**
 * Keys between asking for a field and its being there: they belong to the field, never to the shortcuts.
 *
 * While the editor of a ticket is on its way, the keys of a ticket do nothing. After "reply" or "note" was pressed,
 * what is typed is kept and stands in the editor when it arrives; the same goes for the palette.
 */
import type { DraftMode } from './drafts'

export interface TypedAhead {
  mode: DraftMode
  text: string
}

/** An editor that has not come by then does not come: the shortcuts must work again. */
const PATIENCE_MS = 10_000

let wantedSince: number | null = null
let present = false
let ahead: TypedAhead | null = null
let palette: { text: string; since: number } | null = null

/** A ticket is shown that can be answered, or none is. */
export function expectEditor(wanted: boolean, now = Date.now()): void {
  if (wanted && wantedSince === null) wantedSince = now
  if (!wanted) {
    wantedSince = null
    ahead = null
  }
}

/** True while a ticket is open whose editor is on its way. */
export const editorAwaited = (now = Date.now()): boolean => !present && wantedSince !== null && now - wantedSince < PATIENCE_MS

/** "Reply" or "note" was pressed before the editor was there. */
export function beginAhead(mode: DraftMode): void {
  ahead ??= { mode, text: '' }
}

/** The editor is there: what was typed for it, or null. */
export function editorArrived(): TypedAhead | null {
  present = true
  const taken = ahead
  ahead = null
  return taken
}

export function editorLeft(): void {
  present = false
  wantedSince = null
}

/** The palette was asked for, and its code is on its way. */
export function expectPalette(now = Date.now()): void {
  palette = { text: '', since: now }
}

/** The palette is there (or closed again): what was typed for it. */
export function paletteArrived(): string {
  const typed = palette?.text ?? ''
  palette = null
  return typed
}

/** Where keys go now; null while nothing is awaited. */
function awaited(): { text: string } | null {
  if (palette && Date.now() - palette.since < PATIENCE_MS) return palette
  return ahead && editorAwaited() ? ahead : null
}

/** A key pressed while the editor is awaited; true when it was taken and must do nothing else. */
export function keepKey(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey'>): boolean {
  const field = awaited()
  if (!field || event.ctrlKey || event.metaKey) return false
  if (event.key === 'Escape') {
    if (field === ahead) ahead = null
    else palette = null
    return true
  }
  if (event.key === 'Backspace') field.text = [...field.text].slice(0, -1).join('')
  else if (event.key === 'Enter') field.text += field === ahead ? '\n' : ''
  else if ([...event.key].length === 1) field.text += event.key
  else return false
  return true
}
