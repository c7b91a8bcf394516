/**
 * The list under the caret while a colleague or a canned reply is chosen.
 *
 * Built by hand because it lives outside of Vue's tree. `data-suggest` tells the shortcuts to stand back,
 * and the editor points at the marked option for screen readers.
 */
import type { Editor } from '@tiptap/core'
import type { SuggestionOptions, SuggestionProps } from '@tiptap/suggestion'

export interface SuggestOption {
  id: string
  label: string
  hint?: string
}

let lists = 0

class SuggestPopup<T extends SuggestOption> {
  private readonly element = document.createElement('div')
  private readonly listId = `suggest-${++lists}`
  private props: SuggestionProps<T, T>
  private marked = 0
  private readonly unmount: () => void

  constructor(
    props: SuggestionProps<T, T>,
    title: string,
    private readonly emptyText: string,
  ) {
    this.props = props
    this.element.id = this.listId
    this.element.dataset.suggest = ''
    this.element.className = 'menu max-h-72 w-80 overflow-y-auto'
    this.element.setAttribute('role', 'listbox')
    this.element.setAttribute('aria-label', title)
    this.paint()
    this.unmount = props.mount(this.element)
  }

  update(props: SuggestionProps<T, T>): void {
    this.props = props
    this.marked = Math.min(this.marked, Math.max(0, props.items.length - 1))
    this.paint()
  }

  key(event: KeyboardEvent): boolean {
    const { items } = this.props
    if (items.length === 0 || event.isComposing) return false
    if (event.key === 'ArrowDown') return this.mark((this.marked + 1) % items.length)
    if (event.key === 'ArrowUp') return this.mark((this.marked - 1 + items.length) % items.length)
    if (event.key !== 'Enter' && event.key !== 'Tab') return false
    this.choose(this.marked)
    return true
  }

  close(): void {
    this.unmount()
    this.element.remove()
    const editor = this.props.editor.view.dom
    editor.removeAttribute('aria-activedescendant')
    editor.removeAttribute('aria-controls')
  }

  private mark(index: number): true {
    this.marked = index
    this.paint()
    return true
  }

  private choose(index: number): void {
    const option = this.props.items[index]
    if (option) this.props.command(option)
  }

  private paint(): void {
    const rows = this.props.items.map((option, index) => this.row(option, index))
    this.element.replaceChildren(...(rows.length > 0 ? rows : [this.emptyRow()]))
    rows[this.marked]?.scrollIntoView({ block: 'nearest' })
    const editor = this.props.editor.view.dom
    editor.setAttribute('aria-controls', this.listId)
    editor.setAttribute('aria-activedescendant', rows[this.marked]?.id ?? '')
  }

  private row(option: T, index: number): HTMLElement {
    const row = document.createElement('div')
    row.id = `${this.listId}-${index}`
    row.className = 'menu-item'
    row.setAttribute('role', 'option')
    row.setAttribute('aria-selected', String(index === this.marked))
    if (index === this.marked) row.dataset.highlighted = ''
    row.append(this.text(option.label, 'min-w-0 flex-1 truncate'))
    if (option.hint) row.append(this.text(option.hint, 'max-w-40 truncate text-xs text-ink-3'))
    row.addEventListener('pointerdown', (event) => {
      event.preventDefault()
      this.choose(index)
    })
    return row
  }

  private emptyRow(): HTMLElement {
    return this.text(this.emptyText, 'block px-2 py-1.5 text-xs text-ink-3')
  }

  private text(content: string, className: string): HTMLElement {
    const part = document.createElement('span')
    part.className = className
    part.textContent = content
    return part
  }
}

/** What Tiptap calls while a suggestion is open. */
export function suggestRenderer<T extends SuggestOption>(
  title: () => string,
  emptyText: () => string,
  left: (editor: Editor) => void = () => undefined,
): NonNullable<SuggestionOptions['render']> {
  return () => {
    let popup: SuggestPopup<T> | undefined
    return {
      onStart: (props) => {
        popup = new SuggestPopup(props, title(), emptyText())
      },
      onUpdate: (props) => popup?.update(props),
      onKeyDown: ({ event }) => popup?.key(event) ?? false,
      onExit: ({ editor }) => {
        popup?.close()
        popup = undefined
        // within the step that ends it the text must not change
        setTimeout(() => left(editor))
      },
    }
  }
}
