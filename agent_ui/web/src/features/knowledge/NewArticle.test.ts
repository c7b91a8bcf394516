import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, expect, it } from 'vitest'
import { i18n, withWords } from '@/shared/i18n'
import NewArticle from './NewArticle.vue'

afterEach(() => document.body.replaceChildren())

it('begins one article, however often the button is pressed', async () => {
  const dialog = await withWords(Promise.resolve(NewArticle), 'knowledge')
  const wrapper = mount(dialog as typeof NewArticle, { props: { busy: false }, global: { plugins: [i18n] }, attachTo: document.body })
  await flushPromises()
  const title = document.querySelector<HTMLInputElement>('input')!
  title.value = ' Empty the filter '
  title.dispatchEvent(new Event('input'))
  const submit = () => document.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }))
  submit()
  await wrapper.setProps({ busy: true })
  submit()
  expect(wrapper.emitted('begun')).toEqual([['Empty the filter']])
  wrapper.unmount()
})
