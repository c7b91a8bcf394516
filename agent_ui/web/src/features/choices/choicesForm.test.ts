import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'
import { h } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import type { PortalChoices } from '@/shared/api/choices'
import { i18n, withWords } from '@/shared/i18n'
import { json } from '@/shared/testing'
import ChoicesForm from './ChoicesForm.vue'

const CHOICES: PortalChoices = {
  agentNames: 'first', reopenDays: 14, guestLinks: true, guestDays: 30, survey: false, surveyHours: 24, surveyDays: 14, lowScore: 2, eraseWords: true, version: 3,
}

afterEach(() => vi.unstubAllGlobals())

it('is not written over what somebody else has chosen meanwhile, unless one says so', async () => {
  const sent: [string, object][] = []
  vi.stubGlobal('fetch', (_path: string, init: RequestInit) => {
    const version = (init.headers as Record<string, string>)['if-match'] ?? ''
    const body = JSON.parse(String(init.body)) as object
    sent.push([version, body])
    return Promise.resolve(version === '"v3"' ? json(412, { code: 'precondition-failed', title: 'Stale', version: 7 }) : json(200, { ...CHOICES, ...body, version: 8 }))
  })
  const component = () => withWords(Promise.resolve(ChoicesForm), 'choices', 'office')
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component, props: { choices: CHOICES } }] })
  await router.push('/')
  const form = mount({ render: () => h(RouterView) }, { global: { plugins: [createPinia(), i18n, router] }, attachTo: document.body })
  await flushPromises()
  await form.find('[data-field=reopenDays]').setValue(21)
  await form.find('form').trigger('submit')
  await flushPromises()
  expect(form.find('[role=alert]').text()).toContain('Somebody saved this while you were writing.')
  await form.findAll('[role=alert] button')[1]!.trigger('click')
  await flushPromises()
  expect(sent.map(([version]) => version)).toEqual(['"v3"', '"v7"'])
  expect(sent.every(([, body]) => !('version' in body))).toBe(true)
  expect(form.find('[role=alert]').exists()).toBe(false)
  expect(form.text()).toContain('Saved')
  form.unmount()
})
