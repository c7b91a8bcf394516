/**
 * `<keep-form key="request">` around a form: what was typed survives a look at an article and the way back.
 *
 * Kept in this tab only and until the form is sent (`<keep-form key="request" forget>` on the page after it). Values that
 * the server put into the form win, and so do files, tokens and traps, which are never kept.
 */
const NEVER = new Set(['token', 'website', '_csrf'])
type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement

export class KeepForm extends HTMLElement {
  private get place(): string {
    return `sampark-form-${this.getAttribute('key') ?? ''}`
  }

  connectedCallback(): void {
    if (this.hasAttribute('forget')) {
      sessionStorage.removeItem(this.place)
      return
    }
    this.restore()
    this.addEventListener('input', () => this.save())
    this.addEventListener('change', () => this.save())
  }

  private fields(): Field[] {
    return [...this.querySelectorAll<Field>('input, select, textarea')].filter(
      (field) => field.name && !NEVER.has(field.name) && !['file', 'hidden', 'submit', 'password'].includes(field.type),
    )
  }

  private save(): void {
    const kept: Record<string, string> = {}
    for (const field of this.fields()) {
      if (field instanceof HTMLInputElement && ['checkbox', 'radio'].includes(field.type)) {
        if (field.checked) kept[field.name] = field.value
      } else if (field.value) kept[field.name] = field.value
    }
    try {
      sessionStorage.setItem(this.place, JSON.stringify(kept))
    } catch {
      // A browser that keeps nothing: the form works all the same.
    }
  }

  private restore(): void {
    let kept: Map<string, string>
    try {
      kept = new Map(Object.entries(JSON.parse(sessionStorage.getItem(this.place) ?? '{}') as Record<string, string>))
    } catch {
      return
    }
    let changed: Field | undefined
    for (const field of this.fields()) {
      const value = kept.get(field.name)
      if (value === undefined) continue
      if (field instanceof HTMLInputElement && ['checkbox', 'radio'].includes(field.type)) field.checked = field.value === value
      else if (!field.value) {
        field.value = value
        if (field instanceof HTMLSelectElement) changed = field
        else field.dispatchEvent(new Event('input', { bubbles: true }))
      }
    }
    // Fields that depend on a choice are asked for again (topicFields.ts); they come back empty, and are filled then.
    changed?.dispatchEvent(new Event('change', { bubbles: true }))
    this.addEventListener('fields-drawn', () => this.fill(kept))
  }

  /** Fill what has come since, each field once; an answer that brings further questions asks for them. */
  private fill(kept: Map<string, string>): void {
    let deciding: Field | undefined
    for (const field of this.fields()) {
      const value = kept.get(field.name)
      if (value === undefined) continue
      const isTick = field instanceof HTMLInputElement && field.type === 'checkbox'
      if (isTick) field.checked = field.value === value
      else if (field.value) continue
      else field.value = value
      kept.delete(field.name)
      if (field.matches('[data-redraw]')) deciding = field
    }
    deciding?.dispatchEvent(new Event('change', { bubbles: true }))
  }
}
