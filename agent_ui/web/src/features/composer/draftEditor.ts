/**
 * The editor and the drafts kept together: each change goes into the draft of the ticket and mode that is loaded,
 * and a draft changed from elsewhere (sent, undone, another tab) comes into the editor.
 */
import type { Editor } from '@tiptap/core'
import { computed, onBeforeUnmount, onMounted, ref, shallowRef, watch, type Ref } from 'vue'
import type { DraftMode, DraftStore } from '@/shared/drafts'
import { createEditor, htmlOf, loadHtml, type EditorHooks } from './editor'

export interface DraftPlace {
  ticketId: number
  mode: DraftMode
}

export interface DraftEditorOptions extends Omit<EditorHooks, 'changed' | 'focused' | 'blurred'> {
  drafts: DraftStore
  /** Newest event of a ticket that is on the screen. */
  seen(ticketId: number): string
  /** The author changed the text of the loaded ticket. */
  typed(): void
}

export function useDraftEditor(host: Ref<HTMLElement | null>, place: () => DraftPlace, options: DraftEditorOptions) {
  const editor = shallowRef<Editor | null>(null)
  const focused = ref(false)
  // What the editor shows: a change is written here and nowhere else, whatever is open by then.
  let loaded: DraftPlace = place()
  let shown = ''

  const draft = computed(() => options.drafts.read(place().ticketId, place().mode))

  function load(): void {
    loaded = { ...place() }
    shown = draft.value.html
    if (editor.value) loadHtml(editor.value, shown)
  }

  function changed(): void {
    if (!editor.value) return
    shown = htmlOf(editor.value)
    const { ticketId, mode } = loaded
    options.drafts.write(ticketId, mode, { html: shown, seen: options.seen(ticketId) })
    options.typed()
  }

  onMounted(() => {
    if (!host.value) return
    const hooks = {
      ...options,
      changed,
      focused: () => (focused.value = true),
      blurred: () => (focused.value = false),
    }
    editor.value = createEditor(host.value, hooks)
    load()
  })
  onBeforeUnmount(() => editor.value?.destroy())

  watch([() => place().ticketId, () => place().mode], load, { flush: 'sync' })
  watch(
    () => draft.value.html,
    (html) => {
      if (html !== shown) load()
    },
    { flush: 'sync' },
  )

  return {
    editor,
    draft,
    focused,
    focus: () => {
      // the command waits for the next frame, and the first letter typed after the key must not be lost
      editor.value?.view.focus()
      editor.value?.commands.focus('end')
    },
    blur: () => editor.value?.commands.blur(),
  }
}
