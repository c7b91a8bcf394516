/** Files chosen, pasted and dropped in a composer: pictures stand in the text, everything else hangs on the message. */
import type { Editor } from '@tiptap/core'
import { computed, type Ref } from 'vue'
import type { DraftPlace } from './draftEditor'
import { useFileDrop } from './fileDrop'
import { inlineSource, isInlinePicture } from './pictures'
import type { Uploads } from './uploads'

interface Sources {
  place(): DraftPlace
  uploads: Uploads
  editor(): Editor | null
  /** The message goes without formatting, so without pictures in it. */
  plain(): boolean
}

export function useComposerFiles(frame: Ref<HTMLElement | null>, sources: Sources) {
  const { uploads } = sources
  const running = computed(() => uploads.of(sources.place().ticketId, sources.place().mode))

  function add(files: readonly File[], inline: boolean): void {
    const { ticketId, mode } = sources.place()
    uploads.add(ticketId, mode, files, inline)
  }

  function attach(files: readonly File[]): void {
    add(files, false)
  }

  function paste(files: readonly File[]): void {
    const pictures = files.filter((file) => isInlinePicture(file) && !sources.plain())
    add(pictures, true)
    attach(files.filter((file) => !pictures.includes(file)))
  }

  uploads.placePicture = (entry, stored) => {
    const { ticketId, mode } = sources.place()
    const editor = sources.editor()
    if (!editor || editor.isDestroyed || entry.ticketId !== ticketId || entry.mode !== mode) return false
    return editor.chain().focus().insertContent({ type: 'inlineImage', attrs: { src: inlineSource(stored.id), alt: stored.name } }).run()
  }

  return { running, attach, paste, dropping: useFileDrop(frame, attach) }
}
