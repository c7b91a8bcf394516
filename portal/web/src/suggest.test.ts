import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HelpSuggest, type Answers } from './suggest'

customElements.define('help-suggest', HelpSuggest)

const FOUND: Answers = {
  status: '2 answers',
  heading: 'Perhaps this helps',
  solved: 'This answered it',
  search: 31,
  items: [
    { id: 7, title: 'Compressor <b>stops</b>', text: 'Check the relay.', address: '/portal/en/articles/stops' },
    { id: 8, title: 'Alarm at night', text: 'Set the limit.', address: '/portal/en/articles/alarm' },
  ],
}

function make(mode: string): { element: HelpSuggest; input: HTMLInputElement } {
  document.body.innerHTML = `<form><help-suggest mode="${mode}" src="/portal/en/suggest" solved="/portal/requests/answered">
    <input name="q"><button data-without-script>Show</button></help-suggest></form>`
  return { element: document.querySelector('help-suggest')!, input: document.querySelector('input')! }
}

async function type(input: HTMLInputElement, words: string): Promise<void> {
  input.focus()
  input.value = words
  input.dispatchEvent(new Event('input', { bubbles: true }))
  await vi.advanceTimersByTimeAsync(200)
}

const press = (input: HTMLElement, key: string): boolean => input.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('fetch', vi.fn(async () => new Response(JSON.stringify(FOUND))))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('as a combobox', () => {
  it('asks once after a rest and shows answers as text, whatever they hold', async () => {
    const { element, input } = make('box')
    await type(input, 'comp')
    expect(fetch).toHaveBeenCalledTimes(1)
    expect(vi.mocked(fetch).mock.calls[0]![0]).toBe('/portal/en/suggest?q=comp')
    expect([...element.querySelectorAll('[role=option] strong')].map((each) => each.textContent)).toEqual(['Compressor <b>stops</b>', 'Alarm at night'])
    expect(input.getAttribute('aria-expanded')).toBe('true')
    expect(element.querySelector('[role=status]')!.textContent).toBe('2 answers')
    expect(document.activeElement).toBe(input)
  })

  it('does not ask for two letters, and closes when the field is emptied', async () => {
    const { element, input } = make('box')
    await type(input, 'co')
    expect(fetch).not.toHaveBeenCalled()
    await type(input, 'com')
    await type(input, '')
    expect(element.querySelector<HTMLElement>('[role=listbox]')!.hidden).toBe(true)
  })

  it('walks with the arrows, past either end back to the text, and opens with Enter', async () => {
    const { element, input } = make('box')
    const opened = vi.fn((event: Event) => event.preventDefault())
    element.addEventListener('open-answer', opened)
    await type(input, 'comp')
    const active = (): string | null => input.getAttribute('aria-activedescendant')
    const [first, second] = [...element.querySelectorAll('[role=option]')].map((each) => each.id)
    press(input, 'ArrowDown')
    expect(active()).toBe(first)
    press(input, 'ArrowDown')
    press(input, 'ArrowDown')
    expect(active()).toBeNull()
    press(input, 'ArrowUp')
    expect(active()).toBe(second)
    expect(press(input, 'Enter')).toBe(false)
    expect((opened.mock.calls[0]![0] as CustomEvent).detail).toBe('/portal/en/articles/alarm')
    expect(document.activeElement).toBe(input)
  })

  it('closes with Escape and leaves Enter to the form while nothing is chosen', async () => {
    const { element, input } = make('box')
    await type(input, 'comp')
    expect(press(input, 'Enter')).toBe(true)
    press(input, 'Escape')
    expect(element.querySelector<HTMLElement>('[role=listbox]')!.hidden).toBe(true)
  })

  it('stays quiet when the search fails', async () => {
    const { element, input } = make('box')
    vi.mocked(fetch).mockRejectedValue(new TypeError('offline'))
    await type(input, 'comp')
    expect(element.querySelectorAll('[role=option]')).toHaveLength(0)
  })
})

describe('as a block below the subject', () => {
  it('lists links with a button that says that it is solved, and takes the button away for pages without scripts', async () => {
    const { element, input } = make('block')
    await type(input, 'alarm')
    expect(element.querySelector('[data-without-script]')).toBeNull()
    expect(element.querySelector<HTMLInputElement>('[name=search]')!.value).toBe('31')
    expect([...element.querySelectorAll('a')].map((each) => each.getAttribute('href'))).toEqual(FOUND.items.map((each) => each.address))
    const button = element.querySelectorAll<HTMLButtonElement>('li button')[1]!
    expect([button.name, button.value, button.formNoValidate]).toEqual(['answered', '8', true])
    expect(button.getAttribute('formaction')).toBe('/portal/requests/answered')
    expect(input.hasAttribute('role')).toBe(false)
  })
})
