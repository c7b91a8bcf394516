import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { expect, it } from 'vitest'
import type { ArticleRow } from '@/shared/api/knowledge'
import { i18n, withWords } from '@/shared/i18n'
import WaitingReviews from './WaitingReviews.vue'

const told = (locale: string, title: string, state: string) => ({ locale, title, state, slug: locale, isLive: true, isOutdated: false, publishAt: null })

it('each language that waits has a line of its own, which leads to that text', async () => {
  const rows = [{
    id: 4, title: 'Filter', sourceLocale: 'en', categoryId: null, visibility: 'public', ownerId: null, reviewOn: null, needsAcknowledgement: false, tags: [],
    translations: [told('en', 'Filter', 'published'), told('hi', 'फ़िल्टर', 'in_review'), told('mr', 'गाळणी', 'in_review')], changedAt: '2026-03-02T09:00:00Z', version: 1,
  }] as ArticleRow[]
  await withWords(Promise.resolve(), 'knowledge')
  const list = mount(WaitingReviews, { props: { rows }, global: { plugins: [createPinia(), i18n], stubs: { RouterLink: { props: ['to'], template: '<a :href="`${to.path}?${to.query.language}`"><slot /></a>' } } } })
  expect(list.findAll('li bdi:first-of-type').map((title) => title.text())).toEqual(['फ़िल्टर', 'गाळणी'])
  expect(list.findAll('a').map((link) => link.attributes('href'))).toEqual(['/knowledge/4?hi', '/knowledge/4?mr'])
  expect(mount(WaitingReviews, { props: { rows: [] }, global: { plugins: [createPinia(), i18n], stubs: ['RouterLink'] } }).find('section').exists()).toBe(false)
})
