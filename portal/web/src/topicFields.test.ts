import { afterEach, expect, it, vi } from 'vitest'
import { TopicFields } from './topicFields'

customElements.define('topic-fields', TopicFields)
afterEach(() => vi.unstubAllGlobals())

it('draws the fields anew for another topic, with what was typed, and leaves the focus where it is', async () => {
  vi.stubGlobal('fetch', vi.fn(async () => new Response('<input id="own.serial" name="own.serial" value="CU-1"><p data-without-script="topic"></p>')))
  document.body.innerHTML = `<form><select id="topic" name="topic" data-redraw><option value="repair">Repair</option></select>
    <topic-fields src="/portal/requests/fields"><input name="own.serial" value="CU-1"></topic-fields>
    <button data-without-script="topic">Show</button></form>`
  const topic = document.querySelector('select')!
  expect(document.querySelector('button')!.hidden).toBe(true)
  topic.focus()
  topic.dispatchEvent(new Event('change', { bubbles: true }))
  await vi.waitFor(() => expect(document.getElementById('own.serial')).not.toBeNull())
  const sent = vi.mocked(fetch).mock.calls[0]![1]!.body as URLSearchParams
  expect(sent.get('topic')).toBe('repair')
  expect(sent.get('own.serial')).toBe('CU-1')
  expect(document.activeElement).toBe(topic)
  expect(document.querySelector('p')!.hidden).toBe(true)
})

it('asks for nothing when another field changes', () => {
  vi.stubGlobal('fetch', vi.fn())
  document.body.innerHTML = '<form><input name="subject"><topic-fields src="/x"></topic-fields></form>'
  document.querySelector('input')!.dispatchEvent(new Event('change', { bubbles: true }))
  expect(fetch).not.toHaveBeenCalled()
})

it('draws the fields that fit when the browser has put another topic back', async () => {
  vi.stubGlobal('fetch', vi.fn(async () => new Response('<input name="own.serial">')))
  document.body.innerHTML = `<form><select name="topic"><option value="repair">Repair</option></select>
    <topic-fields data-topic="" src="/portal/requests/fields"></topic-fields></form>`
  window.dispatchEvent(new Event('pageshow'))
  await vi.waitFor(() => expect(document.querySelector('[name="own.serial"]')).not.toBeNull())
  vi.mocked(fetch).mockClear()
  window.dispatchEvent(new Event('pageshow'))
  expect(document.querySelector<HTMLElement>('topic-fields')!.dataset.topic).toBe('repair')
})
