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
    this.hideButtons(form)
    form.addEventListener('change', (event) => {
      if ((event.target as Element).matches('[data-redraw]')) void this.draw(form)
    })
    // On the way back from an article the browser may have chosen a topic that these fields do not belong to.
    window.addEventListener('pageshow', () => {
      const topic = form.querySelector<HTMLSelectElement>('[name=topic]')?.value
      if (topic !== undefined && topic !== (this.dataset.topic ?? topic)) void this.draw(form)
    })
  }

  private hideButtons(form: HTMLFormElement): void {
    form.querySelectorAll('[data-without-script~=topic]').forEach((each) => each.setAttribute('hidden', ''))
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
      this.dataset.topic = typed.get('topic') ?? ''
      this.hideButtons(form)
      if (focused) document.getElementById(focused)?.focus()
      this.dispatchEvent(new CustomEvent('fields-drawn', { bubbles: true }))
    } catch {
      // Without an answer the fields stay as they are; the server checks what is sent.
    }
  }
}
