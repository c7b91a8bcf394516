/** The editor of articles: Tiptap without a Vue binding; Markdown goes in and comes out. */
import { Editor } from '@tiptap/core'
import { Placeholder } from '@tiptap/extensions'
import { EditorState } from '@tiptap/pm/state'
import { articleParts, toDocument, toMarkdown } from './markdown'
import { articleImage } from './pictures'

export interface ArticleEditorHooks {
  placeholder(): string
  labelId: string
  changed(markdown: string): void
  /** Pictures were pasted or dropped. */
  pictures(files: File[]): void
  addressOf(fileId: number): string | undefined
}

const pictures = (data: DataTransfer | null) => [...(data?.files ?? [])].filter((file) => file.type.startsWith('image/'))

export function createArticleEditor(element: HTMLElement, markdown: string, hooks: ArticleEditorHooks): Editor {
  const take = (event: Event, data: DataTransfer | null): boolean => {
    const files = pictures(data)
    // office programs put a picture of the text beside the text itself
    if (files.length === 0 || data?.types.includes('text/html')) return false
    event.preventDefault()
    hooks.pictures(files)
    return true
  }
  return new Editor({
    element,
    injectCSS: false, // forbidden by the content security policy; app.css has the rules
    content: toDocument(markdown),
    extensions: [
      ...articleParts().filter((part) => part.name !== 'image'),
      articleImage(hooks.addressOf),
      Placeholder.configure({ placeholder: () => hooks.placeholder() }),
    ],
    editorProps: {
      attributes: { role: 'textbox', 'aria-multiline': 'true', 'aria-labelledby': hooks.labelId, dir: 'auto' },
      handlePaste: (_view, event) => take(event, event.clipboardData),
      handleDrop: (_view, event) => take(event, event.dataTransfer),
    },
    onUpdate: ({ editor }) => hooks.changed(toMarkdown(editor.getJSON())),
  })
}

/** Shows another text, without a way back to the one before. */
export function showMarkdown(editor: Editor, markdown: string): void {
  const doc = editor.schema.nodeFromJSON(toDocument(markdown))
  editor.view.updateState(EditorState.create({ doc, plugins: editor.state.plugins }))
}
