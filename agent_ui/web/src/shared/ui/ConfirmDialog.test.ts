import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, expect, it } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { i18n } from '@/shared/i18n'
import ConfirmDialog from './ConfirmDialog.vue'

afterEach(() => document.body.replaceChildren())

/** A page that forgets what it asked about as soon as the question closes. */
const asking = () => {
  const about = ref<string | null>('Hall')
  const done: (string | null)[] = []
  const page = defineComponent(() => () => h(ConfirmDialog, {
    open: about.value !== null, title: 'Revoke?', text: '', action: 'Revoke',
    'onUpdate:open': (open: boolean) => open || (about.value = null), onConfirm: () => done.push(about.value),
  }))
  return { about, done, page }
}
const button = (words: string) => [...document.querySelectorAll<HTMLButtonElement>('[role=alertdialog] button')].find((one) => one.textContent?.trim() === words)!

it('says yes before it closes, so that the page still knows what was meant', async () => {
  const { about, done, page } = asking()
  mount(page, { global: { plugins: [i18n] }, attachTo: document.body })
  await flushPromises()
  button('Revoke').click()
  await flushPromises()
  expect([done, about.value]).toEqual([['Hall'], null])
})

it('closes without a word on cancel', async () => {
  const { about, done, page } = asking()
  mount(page, { global: { plugins: [i18n] }, attachTo: document.body })
  await flushPromises()
  button('Cancel').click()
  await flushPromises()
  expect([done, about.value]).toEqual([[], null])
})
