import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import { i18n, withWords } from '@/shared/i18n'
import { fakeServer, json } from '@/shared/testing'
import MailboxEditor from './MailboxEditor.vue'

afterEach(() => vi.unstubAllGlobals())

it('says that fields need attention only as long as one does', async () => {
  const errors = [{ field: 'address', message: 'No address.' }, { field: 'name', message: 'No name.' }]
  fakeServer(() => json(422, { status: 422, code: 'validation', title: 'Wrong', detail: 'Wrong', errors }))
  const component = () => withWords(Promise.resolve(MailboxEditor), 'office', 'desk')
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component, props: { view: null, presets: [] } }] })
  await router.push('/')
  const wrapper = mount(RouterView, { global: { plugins: [createPinia(), i18n, router] }, attachTo: document.body })
  await flushPromises()
  const alarm = () => wrapper.findAll('[role=alert]').map((each) => each.text())
  await wrapper.find('form').trigger('submit')
  await flushPromises()
  expect(alarm()).toContain('Some fields need attention.')
  await wrapper.find('[data-field=address]').setValue('help@desk.example')
  expect(alarm()).toContain('Some fields need attention.')
  await wrapper.find('[data-field=name]').setValue('Help')
  expect(alarm()).not.toContain('Some fields need attention.')
  wrapper.unmount()
})
