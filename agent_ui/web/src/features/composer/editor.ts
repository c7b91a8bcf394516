/**
 * The text editor: Tiptap without a Vue binding, so that one instance serves every ticket.
 *
 * Loading a draft replaces the whole editor state: with the text goes the undo history, otherwise Ctrl+Z
 * in one ticket would bring up the words of another.
 */
import { createDocument, Editor, Extension } from '@tiptap/core'
import Mention from '@tiptap/extension-mention'
import { Placeholder } from '@tiptap/extensions'
import { EditorState } from '@tiptap/pm/state'
import StarterKit from '@tiptap/starter-kit'
import Suggestion from '@tiptap/suggestion'
import { InlineImage } from './inlineImage'
import { macroSuggestion, mentionSuggestion, type SuggestSources } from './suggest'
import { unfilledMarks } from './unfilledMarks'

export interface EditorHooks extends SuggestSources {
  placeholder(): string
  /** Id of the element that names the editor. */
  labelId: string
  /** The author changed the text. */
  changed(): void
  focused(): void
  blurred(): void
  /** Files were pasted; true when they were taken. */
  files(files: File[]): void
}

/** Files of a paste or drop, unless it brings text as well (office programs add a picture of it). */
export function filesOf(data: DataTransfer | null): File[] {
  if (!data || data.types.includes('text/html')) return []
  return [...data.files]
}

function macros(hooks: EditorHooks): Extension {
  return Extension.create({
    name: 'macros',
    addProseMirrorPlugins() {
      return [Suggestion({ editor: this.editor, ...macroSuggestion(hooks) })]
    },
  })
}

export function createEditor(element: HTMLElement, hooks: EditorHooks): Editor {
  const takeFiles = (event: ClipboardEvent | DragEvent, data: DataTransfer | null): boolean => {
    const files = filesOf(data)
    if (files.length === 0) return false
    event.preventDefault()
    hooks.files(files)
    return true
  }
  return new Editor({
    element,
    // The style element it would add is forbidden by the content security policy; app.css has the rules.
    injectCSS: false,
    extensions: [
      StarterKit.configure({ heading: false, link: { openOnClick: false, defaultProtocol: 'https' } }),
      Placeholder.configure({ placeholder: () => hooks.placeholder() }),
      Mention.configure({ suggestions: [mentionSuggestion(hooks)] }),
      macros(hooks),
      InlineImage,
      unfilledMarks(() => !hooks.mentionsAllowed()),
    ],
    editorProps: {
      attributes: { role: 'textbox', 'aria-multiline': 'true', 'aria-labelledby': hooks.labelId, dir: 'auto' },
      handlePaste: (_view, event) => takeFiles(event, event.clipboardData),
      handleDrop: (_view, event) => takeFiles(event, event.dataTransfer),
    },
    onUpdate: () => hooks.changed(),
    onFocus: () => hooks.focused(),
    onBlur: () => hooks.blurred(),
  })
}

/** Shows a draft without telling anybody of a change and without a way back to the text before. */
export function loadHtml(editor: Editor, html: string): void {
  // Without this a blank at the end of a line would be lost on every switch.
  const doc = createDocument(html, editor.schema, { preserveWhitespace: true })
  editor.view.updateState(EditorState.create({ doc, plugins: editor.state.plugins }))
}

/** The text as it is stored; nothing at all for an empty editor. */
export function htmlOf(editor: Editor): string {
  return editor.isEmpty ? '' : editor.getHTML()
}

/** Ids of the colleagues named with @ in the text. */
export function mentionsIn(editor: Editor): number[] {
  const ids = new Set<number>()
  editor.state.doc.descendants((node) => {
    if (node.type.name === 'mention') ids.add(Number(node.attrs.id))
  })
  return [...ids].filter(Number.isFinite)
}
