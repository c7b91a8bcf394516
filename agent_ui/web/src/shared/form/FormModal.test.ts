import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { i18n, withWords } from '@/shared/i18n'
import FormModal from './FormModal.vue'

afterEach(() => document.body.replaceChildren())

async function open(dirty: boolean) {
  const modal = await withWords(Promise.resolve(FormModal), 'office')
  const wrapper = mount(modal as typeof FormModal, { props: { title: 'Form', dirty }, slots: { default: () => h(defineComponent(() => () => h('input'))) }, global: { plugins: [i18n] }, attachTo: document.body })
  await flushPromises()
  await new Promise((done) => setTimeout(done)) // the click beside is listened for a moment after the opening
  return wrapper
}
async function clickBeside(): Promise<void> {
  document.body.dispatchEvent(new MouseEvent('pointerdown', { bubbles: true, button: 0 }))
  await flushPromises()
}
async function escape(): Promise<void> {
  document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
  await flushPromises()
}
const question = () => document.querySelector('[role=alertdialog]')

it('closes without a question as long as nothing is typed', async () => {
  const wrapper = await open(false)
  await clickBeside()
  expect(wrapper.emitted('closed')).toHaveLength(1)
  await escape()
  expect(wrapper.emitted('closed')).toHaveLength(2)
  expect(question()).toBeNull()
})

it('keeps what is typed: a click beside does nothing, Escape asks first', async () => {
  const wrapper = await open(true)
  await clickBeside()
  expect(question()).toBeNull()
  await escape()
  expect(question()?.textContent).toContain('Your changes are not saved.')
  expect(wrapper.emitted('closed')).toBeUndefined()
  await escape()
  expect(question()).toBeNull()
  expect(wrapper.emitted('closed')).toBeUndefined()
  document.querySelector<HTMLElement>('[aria-label=Close]')!.click()
  await flushPromises()
  question()!.querySelector<HTMLElement>('.btn-primary')!.click()
  expect(wrapper.emitted('closed')).toHaveLength(1)
})
