import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { i18n, withWords } from '@/shared/i18n'
import { fakeServer, json } from '@/shared/testing'
import AnnouncementForm from './AnnouncementForm.vue'
import ArticleFromMessage from './ArticleFromMessage.vue'
import CategoryForm from './CategoryForm.vue'

afterEach(() => {
  vi.unstubAllGlobals()
  document.body.replaceChildren()
})
const PROPOSAL = { title: 'Filter', body: 'Empty it.', locale: 'en', ticketId: 7, removed: [] }

it.each<[string, Component, object, string]>([
  ['an announcement', AnnouncementForm, { announcement: null }, 'POST /api/kb/announcements'],
  ['a category', CategoryForm, { category: null, parentId: null, position: 0 }, 'POST /api/kb/categories'],
  ['an article from a message', ArticleFromMessage, { messageId: 3, categoryId: null }, 'POST /api/kb/articles'],
])('%s is kept once, however often the button is pressed, and not given up unasked', async (_what, form, props, call) => {
  const calls: string[] = []
  fakeServer((made) => {
    calls.push(made)
    return made.startsWith('GET') ? json(200, PROPOSAL) : new Promise(() => undefined)
  })
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component: form }] })
  const dialog = await withWords(Promise.resolve(form), 'knowledge', 'office')
  const wrapper = mount(dialog, { props, global: { plugins: [createPinia(), i18n, router] }, attachTo: document.body })
  await flushPromises()
  const title = document.querySelector<HTMLInputElement>('input.field')!
  title.value = 'Empty the filter'
  title.dispatchEvent(new Event('input'))
  await flushPromises()
  document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
  await flushPromises()
  expect(document.querySelector('[role=alertdialog]')?.textContent).toContain('Your changes are not saved.')
  expect(wrapper.emitted('closed')).toBeUndefined()
  const submit = () => document.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }))
  submit()
  submit()
  await flushPromises()
  expect(calls.filter((made) => made === call)).toHaveLength(1)
  wrapper.unmount()
})

it('an announcement is deleted only after a question', async () => {
  const calls: string[] = []
  fakeServer((made) => {
    calls.push(made)
    return json(204, null)
  })
  const announcement = { id: 3, version: 1, articleId: null, severity: 'info' as const, tickets: 0, titles: { en: 'Works' }, texts: {}, startsAt: '2026-03-02T09:00:00Z', endsAt: null }
  const dialog = await withWords(Promise.resolve(AnnouncementForm), 'knowledge', 'office')
  const wrapper = mount(dialog, { props: { announcement }, global: { plugins: [createPinia(), i18n] }, attachTo: document.body })
  await flushPromises()
  const button = (within: string) => [...document.querySelectorAll<HTMLButtonElement>(`${within} button`)].find((one) => one.textContent?.trim() === 'Delete')!
  button('form').click()
  await flushPromises()
  expect(calls).toEqual([])
  button('[role=alertdialog]').click()
  await flushPromises()
  expect(calls).toEqual(['DELETE /api/kb/announcements/3'])
  expect(wrapper.emitted('saved')).toHaveLength(1)
  wrapper.unmount()
})
