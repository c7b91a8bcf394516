import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { TooltipProvider } from 'reka-ui'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { h, type Component } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import type { Brand, Topic } from '@/shared/api/portal'
import { i18n, withWords } from '@/shared/i18n'
import { fakeServer, json } from '@/shared/testing'
import BrandEditor from './BrandEditor.vue'
import TopicEditor from './TopicEditor.vue'

const BRAND: Brand = {
  id: 4, host: 'help.acme.example', name: 'Acme', hue: 30, logo: null, defaultLanguage: 'en', languages: ['en'], question: {}, description: {},
  footerLinks: [], contactAddress: '', contactPhone: '', mailboxId: null, teamId: null, version: 3,
}
const TOPIC: Topic = {
  key: 'repair', names: { en: 'Repairs' }, teamId: null, position: 0, isActive: true, version: 0,
  fields: [{ key: 'serial', kind: 'text', names: { en: 'Serial number' }, hints: {}, isRequired: false, options: [], shownWhen: null }],
}
const problem = (status: number, code: string, more: object) => json(status, { status, code, title: code, detail: code, ...more })

async function open(editor: Component, props: object) {
  const component = () => withWords(Promise.resolve(editor), 'portal', 'office', 'desk')
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component, props: () => props }] })
  await router.push('/')
  const wrapper = mount({ render: () => h(TooltipProvider, () => h(RouterView)) }, { global: { plugins: [createPinia(), i18n, router] }, attachTo: document.body })
  await flushPromises()
  const save = async () => {
    await wrapper.find('form').trigger('submit')
    await flushPromises()
  }
  return { wrapper, save }
}

afterEach(() => vi.unstubAllGlobals())

describe('a brand', () => {
  it('that somebody else has saved meanwhile is not written over unasked', async () => {
    const sent: (number | undefined)[] = []
    fakeServer((_call, body) => {
      const { version, ...input } = body as Brand
      sent.push(version)
      return version === 3 ? problem(412, 'precondition-failed', { version: 7 }) : json(200, { ...BRAND, ...input, version: 8 })
    })
    const { wrapper, save } = await open(BrandEditor, { brand: BRAND })
    await wrapper.find('[data-field=name]').setValue('Acme Air')
    await save()
    expect(wrapper.find('[role=alert]').text()).toContain('Somebody saved this while you were writing.')
    await wrapper.findAll('[role=alert] button')[1]!.trigger('click')
    await flushPromises()
    expect(sent).toEqual([3, 7])
    expect(wrapper.find('[role=alert]').exists()).toBe(false)
    expect(wrapper.text()).toContain('Saved')
    wrapper.unmount()
  })
  it('can be shown as somebody else has saved it', async () => {
    fakeServer((call) => (call.startsWith('GET /api/brands') ? json(200, [{ ...BRAND, name: 'Acme Ltd', version: 7 }]) : problem(412, 'precondition-failed', { version: 7 })))
    const { wrapper, save } = await open(BrandEditor, { brand: BRAND })
    await wrapper.find('[data-field=name]').setValue('Acme Air')
    await save()
    await wrapper.findAll('[role=alert] button')[0]!.trigger('click')
    await flushPromises()
    expect((wrapper.find('[data-field=name]').element as HTMLInputElement).value).toBe('Acme Ltd')
    expect(wrapper.find('button[type=submit]').exists()).toBe(false)
    expect(wrapper.text()).not.toContain('Saved')
    wrapper.unmount()
  })
  it('takes no picture that can be no logo, and says so before anything is saved', async () => {
    const calls: string[] = []
    fakeServer((call) => {
      calls.push(call)
      return json(200, [])
    })
    const { wrapper } = await open(BrandEditor, { brand: BRAND })
    const field = wrapper.find<HTMLInputElement>('[data-field=file]')
    const choose = async (file: File) => {
      Object.defineProperty(field.element, 'files', { value: [file], configurable: true })
      await field.trigger('change')
    }
    await choose(new File(['x'], 'terms.pdf', { type: 'application/pdf' }))
    expect(wrapper.find('[role=alert]').text()).toBe('A logo is a PNG, JPEG, WebP or SVG picture.')
    await choose(new File(['x'.repeat(600_000)], 'logo.png', { type: 'image/png' }))
    expect(wrapper.find('[role=alert]').text()).toBe('A logo has at most 512 kB.')
    expect(field.attributes('aria-invalid')).toBe('true')
    expect(wrapper.find('button[type=submit]').exists()).toBe(false)
    expect(calls.filter((call) => call.startsWith('PUT'))).toEqual([])
    wrapper.unmount()
  })
  it('whose host is taken says so at the host, in the words of the page', async () => {
    const message = 'The host help.acme.example has a brand already.'
    fakeServer(() => problem(409, 'conflict', { errors: [{ field: 'host', message }] }))
    const { wrapper, save } = await open(BrandEditor, { brand: null })
    await save()
    expect(document.activeElement?.getAttribute('data-field')).toBe('host')
    expect(wrapper.text()).toContain(message)
    wrapper.unmount()
  })
})

it.each([
  ['brand', BrandEditor, { brand: BRAND }, 'name', BRAND],
  ['topic', TopicEditor, { topic: TOPIC, taken: ['repair'] }, 'names', TOPIC],
] as const)('takes no words for a %s while it is saved, and gives the focus back', async (_what, editor, props, field, kept) => {
  let answer: (response: Response) => void = () => undefined
  fakeServer((_call, body) => new Promise((resolve) => {
    answer = () => resolve(json(200, { ...kept, ...(body as object), version: 9 }))
  }))
  const { wrapper, save } = await open(editor, props)
  const input = wrapper.find<HTMLInputElement>(`[data-field=${field}]`)
  await input.setValue('Acme Air')
  input.element.focus()
  await save()
  expect(input.element.matches(':disabled')).toBe(true)
  input.element.blur() // as browsers do
  answer(json(200, {}))
  await flushPromises()
  expect(input.element.matches(':disabled')).toBe(false)
  expect(document.activeElement).toBe(input.element)
  expect(input.element.value).toBe('Acme Air')
  wrapper.unmount()
})

it('a complaint about a folded question unfolds it', async () => {
  const message = 'A question needs words in at least one language.'
  fakeServer(() => problem(422, 'validation', { errors: [{ field: 'fields[0].names', message }] }))
  const { wrapper, save } = await open(TopicEditor, { topic: TOPIC, taken: ['repair'] })
  expect(wrapper.find('[data-field="fields[0].names"]').exists()).toBe(false)
  await wrapper.find('[data-field=names]').setValue('Faults')
  await save()
  expect(document.activeElement?.getAttribute('data-field')).toBe('fields[0].names')
  expect(wrapper.text()).toContain(message)
  wrapper.unmount()
})
