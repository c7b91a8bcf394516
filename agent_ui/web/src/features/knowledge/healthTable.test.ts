import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { i18n, withWords } from '@/shared/i18n'
import HealthTable from './HealthTable.vue'

it('each row of the report is headed by what it is about', async () => {
  const rows = [{ key: 1, name: 'Restart it', used: 3 }, { key: 2, name: 'Ask for the serial', used: 0 }]
  await withWords(Promise.resolve(), 'knowledge')
  const table = mount(HealthTable, { props: { title: 'Canned reply', none: '', columns: ['used'], rows }, global: { plugins: [i18n], stubs: ['RouterLink'] } })
  expect(table.findAll('tbody th[scope=row]').map((cell) => cell.text())).toEqual(['Restart it', 'Ask for the serial'])
  expect(table.findAll('tbody td span:last-child').map((cell) => cell.text())).toEqual(['3', '0'])
})
