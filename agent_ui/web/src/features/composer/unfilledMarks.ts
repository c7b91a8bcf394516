/** Marks variables that nothing is known for, so that the author sees what is still to be filled in. */
import { Extension, type Editor } from '@tiptap/core'
import { Plugin, PluginKey, TextSelection } from '@tiptap/pm/state'
import type { Node } from '@tiptap/pm/model'
import { Decoration, DecorationSet } from '@tiptap/pm/view'
import { unfilledInText } from '@/shared/sending/unfilled'

interface Place {
  from: number
  to: number
}

/** Where variables stand, outside of code and quotes (the server leaves these alone, too). */
export function unfilledPlaces(doc: Node): Place[] {
  const places: Place[] = []
  doc.descendants((node, at) => {
    if (node.type.name === 'blockquote' || node.type.name === 'codeBlock') return false
    if (!node.isTextblock) return true
    // one letter for each thing in the line that is no text, so that offsets and positions agree
    const text = node.textBetween(0, node.content.size, '\n', '\ufffc')
    places.push(...unfilledInText(text).map(({ from, to }) => ({ from: at + 1 + from, to: at + 1 + to })))
    return false
  })
  return places
}

export function unfilledMarks(applies: () => boolean): Extension {
  const key = new PluginKey('unfilled')
  const marks = (doc: Node): DecorationSet => {
    if (!applies()) return DecorationSet.empty
    return DecorationSet.create(doc, unfilledPlaces(doc).map(({ from, to }) => Decoration.inline(from, to, { class: 'unfilled' })))
  }
  return Extension.create({
    name: 'unfilled',
    addProseMirrorPlugins: () => [new Plugin({ key, props: { decorations: (state) => marks(state.doc) } })],
  })
}

/** Puts the caret on the first variable, so that typing replaces it. */
export function selectUnfilled(editor: Editor): void {
  const [first] = unfilledPlaces(editor.state.doc)
  if (!first) return
  const selection = TextSelection.create(editor.state.doc, first.from, first.to)
  editor.view.dispatch(editor.state.tr.setSelection(selection).scrollIntoView())
  editor.view.focus()
}
