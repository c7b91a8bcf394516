/**
 * One registry of commands feeds the hotkeys, the palette, the help sheet and the tooltips.
 *
 * Key notation: `mod+k` (Ctrl or ⌘), `shift+j`, `g i` (a sequence), `[`, `?`, `arrowdown`. Titles and groups are
 * keys of the message catalogue (`commands.<id>` unless `title` is given).
 */
import { computed, onScopeDispose, ref, shallowReactive } from 'vue'
import { editorAwaited, keepKey } from './typeAhead'

export type CommandGroup = 'general' | 'go' | 'list' | 'ticket' | 'compose'

export interface Command {
  /** Dotted and stable: "ticket.solve". */
  id: string
  group: CommandGroup
  keys?: string[]
  run: (event?: KeyboardEvent) => void
  /** The command exists only while this is true. */
  when?: () => boolean
  /** Also fires while the caret is in a field or an editor (mod keys do so always). */
  inEditor?: boolean
  /** Shown text when it is not `commands.<id>` of the catalogue. */
  title?: () => string
  /** Not offered in the palette (moves of the caret and the like). */
  hidden?: boolean
}

const registry = shallowReactive(new Map<symbol, Command>())

/** Preference: fire keys without Ctrl/⌘ (WCAG 2.1.4 wants a way to turn them off). */
export const singleKeys = ref(true)

export const isMac = typeof navigator !== 'undefined' && /Mac|iP(hone|ad|od)/.test(navigator.platform)

/** Register for the life of the calling component. A later command wins over an earlier one with the same key. */
export function useCommand(...commands: Command[]): void {
  for (const command of commands) {
    const key = Symbol(command.id)
    registry.set(key, command)
    onScopeDispose(() => registry.delete(key))
  }
}

/** What can be done now: palette and help sheet. Of two with one id the later one stands. */
export const availableCommands = computed(() => {
  const byId = new Map<string, Command>()
  for (const command of registry.values()) byId.set(command.id, command)
  return [...byId.values()].filter((command) => command.when?.() ?? true)
})

/** Every registered command, whether it applies now or not: the help sheet. */
export const allCommands = computed(() => {
  const byId = new Map<string, Command>()
  for (const command of registry.values()) byId.set(command.id, command)
  return [...byId.values()]
})

/** First key of a command for tooltips, "" when it has none or single keys are off. */
export function keyOf(id: string): string {
  const keys = [...registry.values()].find((c) => c.id === id)?.keys?.filter(enabledKey)
  return keys?.[0] ?? ''
}

const NAMES: Record<string, string> = {
  mod: isMac ? '⌘' : 'Ctrl', shift: isMac ? '⇧' : 'Shift', alt: isMac ? '⌥' : 'Alt', enter: '↵', escape: 'Esc',
  arrowup: '↑', arrowdown: '↓', arrowleft: '←', arrowright: '→',
}

/** "g i" → [["G"], ["I"]]; "mod+shift+enter" → [["Ctrl", "Shift", "↵"]]: what is drawn as key caps. */
export function keyCaps(keys: string): string[][] {
  return keys.split(' ').map((step) => step.split('+').map((part) => NAMES[part] ?? part.toUpperCase()))
}

/** The same as one short text, for tooltips: "Ctrl+K", "G I". */
export function keyText(keys: string): string {
  return keys ? keyCaps(keys).map((caps) => caps.join(isMac ? '' : '+')).join(' ') : ''
}

const SYMBOLS: Record<string, string> = {
  BracketLeft: '[', BracketRight: ']', Slash: '/', Period: '.', Comma: ',', Minus: '-', Equal: '=',
}

/**
 * The key as this module writes it. A Latin letter is taken as typed (so that other Latin layouts get the letter on
 * the cap); with any other script the physical key decides, so Devanagari, Bangla and Kannada layouts work too.
 */
export function keyToken(event: KeyboardEvent): string {
  const typed = event.key.toLowerCase()
  const ascii = /^[\x21-\x7e]$/.test(typed)
  const letter = /^Key([A-Z])$/.exec(event.code)
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)
  let key = typed
  if (letter && !/^[a-z]$/.test(typed)) key = letter[1]!.toLowerCase()
  else if (digit && !ascii && typed.length === 1) key = digit[1]!
  else if (!ascii && typed.length === 1 && SYMBOLS[event.code]) key = SYMBOLS[event.code]!
  const named = key.length > 1
  const isLetter = /^[a-z]$/.test(key)
  return (
    ((isMac ? event.metaKey : event.ctrlKey) ? 'mod+' : '') +
    (event.altKey ? 'alt+' : '') +
    (event.shiftKey && (isLetter || named) ? 'shift+' : '') +
    key
  )
}

const NEUTRAL = new Set(['escape', 'enter', 'arrowup', 'arrowdown', 'home', 'end', 'pageup', 'pagedown'])

function enabledKey(keys: string): boolean {
  return singleKeys.value || keys.includes('mod+') || NEUTRAL.has(keys)
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.closest('[contenteditable=true]')) return true
  return /^(TEXTAREA|SELECT)$/.test(target.tagName) || (target instanceof HTMLInputElement && !/^(checkbox|radio|button|submit)$/.test(target.type))
}

/** Inside a dialog, a menu or a suggestion list the keys belong to it. */
function isCaptured(target: EventTarget | null): boolean {
  if (target instanceof Element && target.closest('[role=dialog],[role=alertdialog],[role=menu]')) return true
  return document.querySelector('[role=dialog][data-modal],[role=menu][data-state=open]') !== null
}

function ownsKey(target: EventTarget | null, token: string): boolean {
  // Enter on a button presses it, arrows inside a tab list move there: commands must not take these away
  if (!NEUTRAL.has(token) || token === 'escape' || !(target instanceof Element)) return false
  return target.closest('button,a[href],summary,[role=tab],[role=radio],[role=slider],[role=log]') !== null
}

const SEQUENCE_MS = 900
let pending = ''
let pendingTimer: ReturnType<typeof setTimeout> | undefined

function clearPending(): void {
  pending = ''
  clearTimeout(pendingTimer)
}

function candidates(typing: boolean): { command: Command; keys: string }[] {
  const found: { command: Command; keys: string }[] = []
  for (const command of [...registry.values()].reverse()) {
    for (const keys of command.keys ?? []) {
      if (!enabledKey(keys)) continue
      if (typing && !command.inEditor && !keys.startsWith('mod+')) continue
      found.push({ command, keys })
    }
  }
  return found
}

/** Letters typed before the editor of a ticket is there were meant for it: they must not change the ticket. */
function isReady(command: Command, keys: string): boolean {
  return !editorAwaited() || command.group !== 'ticket' || keys.includes('mod+')
}

/** One keydown: runs at most one command. Returns true when it took the key. */
export function handleKey(event: KeyboardEvent): boolean {
  if (event.isComposing || event.keyCode === 229 || document.querySelector('[data-suggest]')) return false
  if (['Shift', 'Control', 'Alt', 'Meta', 'AltGraph'].includes(event.key)) return false
  const token = keyToken(event)
  const typing = isTyping(event.target)
  if (!typing && keepKey(event)) {
    event.preventDefault()
    event.stopPropagation()
    return true
  }
  const captured = isCaptured(event.target)
  if (captured && !token.startsWith('mod+')) return false
  const sequence = pending ? `${pending} ${token}` : token
  const usable = candidates(typing)
  clearPending()
  for (const { command, keys } of usable) {
    if (keys !== sequence || ownsKey(event.target, token) || !(command.when?.() ?? true) || !isReady(command, keys)) continue
    event.preventDefault()
    event.stopPropagation()
    command.run(event)
    return true
  }
  if (!typing && usable.some(({ keys }) => keys.startsWith(`${sequence} `))) {
    pending = sequence
    pendingTimer = setTimeout(clearPending, SEQUENCE_MS)
    event.preventDefault()
    return true
  }
  return false
}

/** Listen in the capture phase: the editor's own key map takes Escape and Mod+Enter first otherwise. */
export function installHotkeys(target: Window = window): () => void {
  const listener = (event: KeyboardEvent) => void handleKey(event)
  target.addEventListener('keydown', listener, true)
  return () => target.removeEventListener('keydown', listener, true)
}
