import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent, h, nextTick, ref } from 'vue'
import { ApiError } from '../api/client'
import TextField from './TextField.vue'
import { nearest, pathOf, useComplaints } from './errors'

const refusal = (...errors: { field: string; message: string }[]) => new ApiError(422, 'validation', 'Some fields need attention', '', errors)

function form() {
  let complaints: ReturnType<typeof useComplaints> | undefined
  const host = ref('old')
  const wrapper = mount(defineComponent({
    setup() {
      complaints = useComplaints()
      return () => h('form', [
        h(TextField, { path: 'name', label: 'Name', modelValue: 'x' }),
        h(TextField, { path: 'imap.importHost', label: 'Server', hint: 'As told', modelValue: host.value, 'onUpdate:modelValue': (value: unknown) => (host.value = String(value)) }),
      ])
    },
  }), { attachTo: document.body })
  return { wrapper, complaints: complaints!, input: () => wrapper.findAll('input')[1]! }
}

describe('complaints', () => {
  it('stand at the field they are about, which takes the focus and names them to screen readers', async () => {
    const { wrapper, complaints, input } = form()
    expect(complaints.accept(refusal({ field: 'imap.import_host', message: 'A server is needed.' }))).toBe(true)
    await complaints.focusFirst(wrapper.element as HTMLElement)
    expect(document.activeElement).toBe(input().element)
    expect(input().attributes('aria-invalid')).toBe('true')
    const described = input().attributes('aria-describedby')!.split(' ').map((id) => document.getElementById(id)?.textContent)
    expect(described).toEqual(['A server is needed.', 'As told'])
    wrapper.unmount()
  })
  it('go when the field is changed', async () => {
    const { wrapper, complaints, input } = form()
    complaints.accept(refusal({ field: 'imap.importHost', message: 'No.' }))
    await nextTick()
    await input().setValue('new')
    expect(input().attributes('aria-invalid')).toBeUndefined()
    expect(wrapper.text()).not.toContain('No.')
    wrapper.unmount()
  })
  it('are over once each field that was complained about was changed', async () => {
    const { wrapper, complaints, input } = form()
    complaints.accept(refusal({ field: 'name', message: 'Taken.' }, { field: 'imap.importHost', message: 'No.' }))
    await nextTick()
    await input().setValue('new')
    expect(complaints.complained.value).toBe(true)
    await wrapper.findAll('input')[0]!.setValue('other')
    expect(complaints.complained.value).toBe(false)
    wrapper.unmount()
  })
  it('that no field is for are told apart', async () => {
    const { wrapper, complaints } = form()
    complaints.accept(refusal({ field: 'name', message: 'Taken.' }, { field: 'oauth.token_url', message: 'Not allowed.' }))
    expect(complaints.homeless(wrapper.element as HTMLElement)).toEqual(['oauth.tokenUrl: Not allowed.'])
    expect(await complaints.focusFirst(wrapper.element as HTMLElement)).toBe(true)
    wrapper.unmount()
  })
  it('about a part of a field stand at the field, in the reader\'s words, and go with its next change', async () => {
    const { wrapper, complaints, input } = form()
    complaints.accept(refusal({ field: 'imap.importHost[2].name', message: 'Expected `int` >= 1' }))
    await nextTick()
    expect(input().attributes('aria-invalid')).toBe('true')
    expect(wrapper.text()).toContain('Enter 1 or more.')
    expect(complaints.homeless(wrapper.element as HTMLElement)).toEqual([])
    await input().setValue('new')
    expect(complaints.complained.value).toBe(false)
    wrapper.unmount()
  })
  it('without fields are none', () => {
    const { wrapper, complaints } = form()
    expect(complaints.accept(new ApiError(409, 'conflict', 'This cannot be done now', ''))).toBe(false)
    wrapper.unmount()
  })
})

it.each([
  ['options.silent_after_minutes', 'options.silentAfterMinutes'],
  ['fields[0].shown_when', 'fields[0].shownWhen'],
  ['fields[0].names[...]', 'fields[0].names'],
])('the path of %s is that of the JSON', (field, path) => expect(pathOf(field)).toBe(path))

it.each([
  ['weekly[0][1]', 'weekly[0]'],
  ['weekly[0]', 'weekly[0]'],
  ['weekly[1]', undefined],
  ['days[3].windows[0][1]', 'days[3].windows'],
  ['days[3].date', 'days'],
  ['day', undefined],
])('a complaint about %s is shown at %s', (path, field) => {
  expect(nearest(path, new Map(['weekly[0]', 'days[3].windows', 'days'].map((each) => [each, 1])))).toBe(field)
})
