/** The key that opens the canned replies types their slash for the author. */
import type { Editor } from '@tiptap/core'

/** The slash that a key has typed for the author; she has not, so leaving the list takes it away again. */
let begun: number | null = null

export function endMacro(editor: Editor): void {
  const at = begun
  begun = null
  if (at === null || editor.isDestroyed || at + 1 > editor.state.doc.content.size) return
  if (editor.state.doc.textBetween(at, at + 1) === '/') editor.commands.deleteRange({ from: at, to: at + 1 })
}

/** Types the slash that opens the canned replies; after a word it needs a blank before it. */
export function beginMacro(editor: Editor): void {
  const before = editor.state.selection.$from.nodeBefore?.text ?? ''
  editor.chain().focus().insertContent(/\S$/.test(before) ? ' /' : '/').run()
  begun = editor.state.selection.from - 1
}
