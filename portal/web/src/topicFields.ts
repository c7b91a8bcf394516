/**
 * `<topic-fields src="/portal/requests/fields">` around the fields that depend on what was chosen.
 *
 * When a control with `data-redraw` changes, the server draws the fields anew with the same rules by which it will check
 * them. The focus stays, values are kept, and a status line says that the questions have changed. Without a script a
 * button does the same for the whole page.
 */
export class TopicFields extends HTMLElement {
  private running?: AbortController

  connectedCallback(): void {
    const form = this.closest('form')
    if (!form) return
    form.querySelectorAll('[data-without-script~=topic]').forEach((each) => each.setAttribute('hidden', ''))
    form.addEventListener('change', (event) => {
      if ((event.target as Element).matches('[data-redraw]')) void this.draw(form)
    })
  }

  /** Ask for the fields that fit the form as it is now. */
  async draw(form: HTMLFormElement): Promise<void> {
    this.running?.abort()
    const running = (this.running = new AbortController())
    const typed = new URLSearchParams()
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') typed.append(name, value)
    try {
      const answer = await fetch(this.getAttribute('src') ?? '', { method: 'POST', body: typed, signal: running.signal })
      if (!answer.ok || running.signal.aborted) return
      const focused = document.activeElement?.id
      this.innerHTML = await answer.text()
      if (focused) document.getElementById(focused)?.focus()
      this.dispatchEvent(new CustomEvent('fields-drawn', { bubbles: true }))
    } catch {
      // Without an answer the fields stay as they are; the server checks what is sent.
    }
  }
}
