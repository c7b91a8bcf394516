/** What was typed while the editor was on its way stands in it when it comes. */
import type { Editor } from '@tiptap/core'
import { onBeforeUnmount, watch, type Ref } from 'vue'
import type { DraftMode } from '@/shared/drafts'
import { editorArrived, editorLeft } from '@/shared/typeAhead'

const paragraph = (line: string) => ({ type: 'paragraph', content: line ? [{ type: 'text', text: line }] : [] })

export function useTypedAhead(editor: Ref<Editor | null>, begin: (mode: DraftMode) => void): void {
  watch(editor, (made) => {
    if (!made) return
    const ahead = editorArrived()
    if (!ahead) return
    begin(ahead.mode)
    const [line, ...more] = ahead.text.split('\n')
    made.commands.insertContent(more.length > 0 ? [line ?? '', ...more].map(paragraph) : (line ?? ''))
  }, { flush: 'post' })
  onBeforeUnmount(editorLeft)
}
