/** The editor of `RichField`, apart from it: it is large, and only loaded where somebody writes. */
import { Editor } from '@tiptap/core'
import StarterKit from '@tiptap/starter-kit'
import FormatBar from './FormatBar.vue'

export { FormatBar }

export function createRichEditor(element: HTMLElement, content: string, labelId: string, changed: (html: string) => void): Editor {
  return new Editor({
    element,
    injectCSS: false, // the content security policy forbids the style element; app.css has the rules
    extensions: [StarterKit.configure({ heading: false, link: { openOnClick: false, defaultProtocol: 'https' } })],
    content,
    editorProps: { attributes: { role: 'textbox', 'aria-multiline': 'true', 'aria-labelledby': labelId, dir: 'auto' } },
    onUpdate: ({ editor }) => changed(editor.isEmpty ? '' : editor.getHTML()),
  })
}
