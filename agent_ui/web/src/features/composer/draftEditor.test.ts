import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { defineComponent, h, nextTick, ref } from 'vue'
import { DraftStore, type DraftMode } from '@/shared/drafts'
import { useDraftEditor, type DraftPlace } from './draftEditor'

function desk() {
  const drafts = new DraftStore(7, { save: (_id, _mode, body) => Promise.resolve(body.revision), remove: () => Promise.resolve() })
  const place = ref<DraftPlace>({ ticketId: 1, mode: 'reply' })
  let made: ReturnType<typeof useDraftEditor> | undefined
  const Writer = defineComponent(() => {
    const host = ref<HTMLElement | null>(null)
    made = useDraftEditor(host, () => place.value, {
      drafts,
      seen: () => '10',
      typed: () => undefined,
      placeholder: () => '',
      labelId: 'label',
      macros: () => [],
      agents: () => [],
      mentionsAllowed: () => false,
      files: () => undefined,
    })
    return () => h('div', { ref: host })
  })
  mount(Writer, { attachTo: document.body })
  const editor = () => made!.editor.value!
  const type = (text: string) => editor().commands.insertContent(text)
  const open = (ticketId: number, mode: DraftMode = 'reply') => (place.value = { ticketId, mode })
  return { drafts, editor, type, open }
}

describe('the editor and its drafts', () => {
  beforeEach(() => localStorage.clear())

  it('writes what is typed into the draft that is open', () => {
    const { drafts, type } = desk()
    type('hello')
    expect(drafts.read(1, 'reply')).toMatchObject({ html: '<p>hello</p>', basis: '10' })
  })

  it('keeps tickets and modes apart over switches', async () => {
    const { drafts, editor, type, open } = desk()
    type('one ')
    open(2)
    expect(editor().isEmpty).toBe(true)
    type('two')
    open(1, 'note')
    type('note')
    open(1)
    await nextTick()
    expect(editor().getHTML()).toBe('<p>one </p>')
    expect(drafts.read(2, 'reply').html).toBe('<p>two</p>')
    expect(drafts.read(1, 'note').html).toBe('<p>note</p>')
  })

  it('does not bring up the text of another ticket by undo', () => {
    const { editor, type, open } = desk()
    type('secret of one')
    open(2)
    expect(editor().can().undo()).toBe(false)
  })

  it('does not count the opening of a draft as a change', () => {
    const { drafts, type, open } = desk()
    type('one')
    const { revision } = drafts.read(1, 'reply')
    open(2)
    open(1)
    expect(drafts.read(1, 'reply').revision).toBe(revision)
  })

  it('empties when the draft is sent and fills when it is put back', () => {
    const { drafts, editor, type } = desk()
    type('hello')
    drafts.take(1, 'reply', 'k1')
    expect(editor().isEmpty).toBe(true)
    drafts.putBack('k1')
    expect(editor().getHTML()).toBe('<p>hello</p>')
  })

  it('stores nothing for an emptied editor', () => {
    const { drafts, editor, type } = desk()
    type('hello')
    editor().commands.clearContent(true)
    expect(drafts.read(1, 'reply').html).toBe('')
    expect(localStorage.getItem('sampark:draft:7:1:reply')).toBeNull()
  })
})
