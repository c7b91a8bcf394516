import { flushPromises, mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { privacyApi, type DataRequest } from '@/shared/api/privacy'
import { i18n, withWords } from '@/shared/i18n'
import DataRequestCard from './DataRequestCard.vue'

const wish: DataRequest = {
  id: 7, customerId: 4711, customer: 'Asha Rao', kind: 'deletion', state: 'asked', words: '', answer: '', ticketId: null,
  handledBy: null, askedAt: '2026-03-02T09:00:00Z', doneAt: null,
}
afterEach(() => vi.restoreAllMocks())

it('erases nobody before the number of the customer is typed', async () => {
  const erase = vi.spyOn(privacyApi, 'erase').mockResolvedValue(undefined)
  await withWords(Promise.resolve(DataRequestCard), 'office', 'desk')
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/customers/:id', name: 'customer', component: { render: () => null } }, { path: '/', component: { render: () => null } }] })
  const card = mount(DataRequestCard, { props: { wish }, global: { plugins: [createPinia(), i18n, router] } })
  const button = card.find<HTMLButtonElement>('button.btn-primary')
  expect(button.element.disabled).toBe(true)
  await card.find('input[inputmode=numeric]').setValue('4712')
  expect(button.element.disabled).toBe(true)
  await card.find('input[inputmode=numeric]').setValue('4711')
  await button.trigger('click')
  await flushPromises()
  expect(erase).toHaveBeenCalledWith(7, 4711, '')
  expect(card.emitted('changed')).toHaveLength(1)
})
