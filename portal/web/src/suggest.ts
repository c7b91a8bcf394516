/**
 * `<help-suggest src="/portal/en/suggest">`: answers that fit what is being typed into the input inside.
 *
 * With `mode="box"` (a search field) they drop down as a listbox: the input becomes a combobox of the ARIA practices,
 * arrows choose, Enter opens, Escape closes. With `mode="block"` (the subject of a request) they stand below as plain
 * links. The focus stays where it is in both, and a status line tells how many there are.
 */
export interface Answer {
  id: number
  title: string
  text: string
  address: string
}

export interface Answers {
  status: string
  heading: string
  solved: string
  /** The search that found them: goes with "this answered it". */
  search: number
  items: Answer[]
}

const WAIT_MS = 160
const SHORTEST = 3
/** A form is there to be filled in: few answers, the best. */
const IN_BLOCK = 3
let counter = 0

export class HelpSuggest extends HTMLElement {
  private input!: HTMLInputElement
  private list!: HTMLElement
  private status!: HTMLElement
  private timer = 0
  private running?: AbortController
  private chosen = -1
  private asked = ''

  connectedCallback(): void {
    const input = this.querySelector('input')
    if (!input || this.list) return
    this.input = input
    this.list = document.createElement('div')
    this.list.hidden = true
    this.list.className = this.isBox ? 'found box' : 'found block'
    this.list.id = `found-${++counter}`
    this.status = document.createElement('p')
    this.status.className = 'unseen'
    this.status.setAttribute('role', 'status')
    this.append(this.list, this.status)
    this.querySelectorAll('[data-without-script]').forEach((each) => each.remove())
    input.addEventListener('input', () => this.wait())
    if (this.isBox) this.makeCombobox()
    else if (input.value) this.wait()
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer)
    this.running?.abort()
  }

  private get isBox(): boolean {
    return this.getAttribute('mode') === 'box'
  }

  private get options(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>('[role=option]')]
  }

  private makeCombobox(): void {
    const { input } = this
    input.setAttribute('role', 'combobox')
    input.setAttribute('aria-autocomplete', 'list')
    input.setAttribute('aria-controls', this.list.id)
    input.setAttribute('aria-expanded', 'false')
    this.list.setAttribute('role', 'listbox')
    this.list.setAttribute('aria-label', this.getAttribute('label') ?? '')
    input.addEventListener('keydown', (event) => this.pressed(event))
    input.addEventListener('focus', () => this.open(this.options.length > 0))
    input.addEventListener('blur', () => this.open(false))
    // A press must not take the focus from the input before the click arrives.
    this.list.addEventListener('mousedown', (event) => event.preventDefault())
    this.list.addEventListener('click', (event) => this.go((event.target as Element).closest<HTMLElement>('[role=option]')))
  }

  private wait(): void {
    clearTimeout(this.timer)
    this.timer = window.setTimeout(() => void this.load(), WAIT_MS)
  }

  /** Ask for answers to what stands in the field now; a later question overtakes an earlier one. */
  async load(): Promise<void> {
    const words = this.input.value.trim()
    if (words === this.asked) return
    this.asked = words
    this.running?.abort()
    if (words.length < SHORTEST) return this.show(null)
    const running = (this.running = new AbortController())
    try {
      const address = `${this.getAttribute('src') ?? ''}?q=${encodeURIComponent(words)}`
      const answer = await fetch(address, { signal: running.signal, headers: { accept: 'application/json' } })
      if (answer.ok && !running.signal.aborted) this.show((await answer.json()) as Answers)
    } catch {
      // The page works without suggestions; a search without an answer is not worth a message.
    }
  }

  private show(found: Answers | null): void {
    this.chosen = -1
    this.input.removeAttribute('aria-activedescendant')
    this.list.replaceChildren(...(found?.items.length ? this.rows(found) : []))
    this.status.textContent = found?.status ?? ''
    this.open(this.list.childElementCount > 0 && (!this.isBox || document.activeElement === this.input))
  }

  private rows(found: Answers): HTMLElement[] {
    if (this.isBox) return found.items.map((each, place) => this.option(each, place))
    const heading = document.createElement('h2')
    heading.textContent = found.heading
    const list = document.createElement('ul')
    list.append(...found.items.slice(0, IN_BLOCK).map((each) => this.link(each, found.solved)))
    const search = document.createElement('input')
    Object.assign(search, { type: 'hidden', name: 'search', value: String(found.search) })
    return [heading, search, list]
  }

  private option(answer: Answer, place: number): HTMLElement {
    const option = document.createElement('div')
    option.setAttribute('role', 'option')
    option.id = `${this.list.id}-${place}`
    option.dataset.address = answer.address
    option.append(line('strong', answer.title), line('span', answer.text))
    return option
  }

  private link(answer: Answer, solved: string): HTMLElement {
    const item = document.createElement('li')
    const anchor = document.createElement('a')
    anchor.href = answer.address
    anchor.append(line('strong', answer.title), line('span', answer.text))
    const button = document.createElement('button')
    Object.assign(button, { type: 'submit', name: 'answered', value: String(answer.id), formNoValidate: true })
    button.setAttribute('formaction', this.getAttribute('solved') ?? '')
    button.append(solved, line('span', `: ${answer.title}`, 'unseen'))
    item.append(anchor, button)
    return item
  }

  private open(is: boolean): void {
    this.list.hidden = !is
    if (this.isBox) this.input.setAttribute('aria-expanded', String(is))
  }

  private pressed(event: KeyboardEvent): void {
    if (event.isComposing) return
    const { options } = this
    if (event.key === 'Escape' && !this.list.hidden) {
      event.preventDefault()
      this.choose(-1)
      this.open(false)
    } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && options.length) {
      event.preventDefault()
      this.open(true)
      // One place more than options: past either end is the text itself.
      const places = options.length + 1
      const step = event.key === 'ArrowDown' ? 1 : -1
      this.choose(((this.chosen + 1 + step + places) % places) - 1)
    } else if (event.key === 'Enter' && this.chosen >= 0 && !this.list.hidden) {
      event.preventDefault()
      this.go(options[this.chosen])
    }
  }

  private choose(place: number): void {
    this.chosen = place
    this.options.forEach((option, index) => option.setAttribute('aria-selected', String(index === place)))
    const option = this.options[place]
    if (option) {
      this.input.setAttribute('aria-activedescendant', option.id)
      option.scrollIntoView?.({ block: 'nearest' })
    } else this.input.removeAttribute('aria-activedescendant')
  }

  private go(option: HTMLElement | null | undefined): void {
    const address = option?.dataset.address
    if (!address) return
    const isMine = this.dispatchEvent(new CustomEvent('open-answer', { detail: address, bubbles: true, cancelable: true }))
    if (isMine) location.assign(address)
  }
}

function line(tag: string, words: string, className = ''): HTMLElement {
  const made = document.createElement(tag)
  made.textContent = words
  if (className) made.className = className
  return made
}
