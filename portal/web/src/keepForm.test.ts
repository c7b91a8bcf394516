import { beforeEach, expect, it } from 'vitest'
import { KeepForm } from './keepForm'

customElements.define('keep-form', KeepForm)

const FORM = `<keep-form key="request"><form>
  <input type="hidden" name="token" value="fresh"><input name="subject"><input name="website"><textarea name="message"></textarea>
  <select name="topic"><option value=""></option><option value="repair">Repair</option></select>
  <input type="checkbox" name="stock" value="yes"></form></keep-form>`

const field = <T extends Element>(name: string): T => document.querySelector<T>(`[name=${name}]`)!
function type(name: string, value: string): void {
  field<HTMLInputElement>(name).value = value
  field(name).dispatchEvent(new Event('input', { bubbles: true }))
}

beforeEach(() => {
  sessionStorage.clear()
  document.body.innerHTML = FORM
})

it('fills the form again after a look at an article', () => {
  type('subject', 'It hums')
  type('message', 'Since Monday.')
  type('topic', 'repair')
  type('website', 'trap')
  field<HTMLInputElement>('stock').checked = true
  field('stock').dispatchEvent(new Event('change', { bubbles: true }))
  document.body.innerHTML = FORM
  expect(['subject', 'message', 'topic', 'website'].map((name) => field<HTMLInputElement>(name).value)).toEqual(['It hums', 'Since Monday.', 'repair', ''])
  expect(field<HTMLInputElement>('stock').checked).toBe(true)
  expect(field<HTMLInputElement>('token').value).toBe('fresh')
})

it('does not overwrite what the server put into the form', () => {
  type('subject', 'Old words')
  document.body.innerHTML = FORM.replace('name="subject"', 'name="subject" value="Carried over"')
  expect(field<HTMLInputElement>('subject').value).toBe('Carried over')
})

it('forgets the form once it is sent', () => {
  type('subject', 'It hums')
  document.body.innerHTML = '<keep-form key="request" forget></keep-form>'
  document.body.innerHTML = FORM
  expect(field<HTMLInputElement>('subject').value).toBe('')
})

it('fills questions that come later, each once, and asks for those that follow from them', () => {
  const own = '<select name="own.fault" data-redraw><option value=""></option><option value="error">Error</option></select>'
  document.body.innerHTML = FORM.replace('</form>', `${own}</form>`)
  type('own\\.fault', 'error')
  document.body.innerHTML = FORM
  let redrawn = 0
  document.querySelector('keep-form')!.addEventListener('change', () => (redrawn += 1))
  document.querySelector('form')!.insertAdjacentHTML('beforeend', own)
  const drawn = (): boolean => document.querySelector('form')!.dispatchEvent(new CustomEvent('fields-drawn', { bubbles: true }))
  drawn()
  expect(field<HTMLSelectElement>('own\\.fault').value).toBe('error')
  expect(redrawn).toBe(1)
  field<HTMLSelectElement>('own\\.fault').value = ''
  drawn()
  expect(field<HTMLSelectElement>('own\\.fault').value).toBe('')
})
