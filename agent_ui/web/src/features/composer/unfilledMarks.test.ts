import { Editor } from '@tiptap/core'
import StarterKit from '@tiptap/starter-kit'
import { afterEach, describe, expect, it } from 'vitest'
import { InlineImage } from './inlineImage'
import { selectUnfilled, unfilledMarks } from './unfilledMarks'

let editor: Editor | undefined
function write(content: string, applies = true): Editor {
  const element = document.createElement('div')
  document.body.append(element)
  editor = new Editor({ element, injectCSS: false, extensions: [StarterKit, InlineImage, unfilledMarks(() => applies)], content })
  return editor
}
const marked = () => [...editor!.view.dom.querySelectorAll('.unfilled')].map((one) => one.textContent)

describe('marks of variables without a value', () => {
  afterEach(() => editor?.destroy())

  it('shows them in a reply, not in code, quotes or notes', () => {
    write('<p>Dear {{customer.name}}</p><blockquote><p>{{quoted}}</p></blockquote><pre><code>{{code}}</code></pre>')
    expect(marked()).toEqual(['{{customer.name}}'])
    editor!.destroy()
    write('<p>{{customer.name}}</p>', false)
    expect(marked()).toEqual([])
  })

  it('leads to the first one, so that typing replaces it', () => {
    write('<p><img src="/api/attachments/4">Hi {{a}}, {{b}}</p>')
    selectUnfilled(editor!)
    editor!.commands.insertContent('Asha')
    expect(editor!.getText()).toContain('Hi Asha, {{b}}')
  })
})

describe('pictures in the text', () => {
  afterEach(() => editor?.destroy())

  it('are ours alone', () => {
    write('<p>a<img src="/api/attachments/4" alt="Plate">b<img src="https://elsewhere.example/x.png">c</p>')
    expect(editor!.getHTML()).toBe('<p>a<img src="/api/attachments/4" alt="Plate">bc</p>')
  })
})
