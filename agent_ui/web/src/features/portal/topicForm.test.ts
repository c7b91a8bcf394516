import { describe, expect, it } from 'vitest'
import type { Topic } from '@/shared/api/portal'
import { conditionFault, deciders, emptyTopic, formOf, inputOf, keyOf, moved, newOption, newQuestion, shown, textsOf, YES, type QuestionForm, type TopicForm } from './topicForm'
import { filled, missing, said } from '@/shared/words'

const TOPIC: Topic = {
  key: 'repair', names: { en: 'Repairs', hi: 'मरम्मत' }, teamId: 3, position: 2, isActive: true, version: 4,
  fields: [
    { key: 'fault', kind: 'choice', names: { en: 'Fault' }, hints: {}, isRequired: true, options: [{ key: 'noise', names: { en: 'Noise' } }, { key: 'error', names: { en: 'An error' } }], shownWhen: null },
    { key: 'code', kind: 'text', names: { en: 'Which code?' }, hints: { en: 'On the display' }, isRequired: false, options: [], shownWhen: { field: 'fault', answers: ['error'] } },
    { key: 'stock', kind: 'checkbox', names: { en: 'Goods inside' }, hints: {}, isRequired: false, options: [], shownWhen: { field: 'fault', answers: ['noise', 'error'] } },
    { key: 'value', kind: 'number', names: { en: 'Worth' }, hints: {}, isRequired: false, options: [], shownWhen: { field: 'stock', answers: ['yes'] } },
  ],
}
const keys = (fields: readonly QuestionForm[]) => fields.map((field) => field.key)

describe('the form of a topic', () => {
  it('gives back what it was given', () => {
    const input = inputOf(formOf(TOPIC))
    expect({ ...TOPIC, ...input }).toEqual(TOPIC)
    expect(Object.keys(TOPIC).filter((name) => !(name in input))).toEqual(['position', 'version'])
  })
  it('keeps a condition on its question when that is moved and renamed', () => {
    const form = formOf(TOPIC)
    form.fields = moved(form.fields, 0, 1)
    form.fields[1]!.names.en = 'What does it do?'
    expect(inputOf(form).fields[0]!.shownWhen).toEqual({ field: 'fault', answers: ['error'] })
    expect(conditionFault(form.fields, 0)).toBe('gone') // it stands before its question now
    expect(conditionFault(form.fields, 2)).toBe('')
  })
  it('makes keys of the words for what is new, and leaves others alone', () => {
    const form = formOf(TOPIC)
    const [choice, after] = [newQuestion(), newQuestion()]
    choice.kind = 'choice'
    choice.names = { en: 'Which fault?' }
    choice.options = [{ ...newOption(), names: { en: 'Noise, at night' } }, { ...newOption(), names: { hi: 'कुछ और' } }]
    after.names = { hi: 'कब से?' }
    after.shownWhen = { question: choice.uid, answers: [choice.options[1]!.uid] }
    form.fields.push(choice, after)
    const [made, next] = inputOf(form).fields.slice(-2)
    expect([made!.key, made!.options.map((option) => option.key)]).toEqual(['which_fault', ['noise_at_night', 'answer_2']])
    expect([next!.key, next!.shownWhen]).toEqual(['question_6', { field: 'which_fault', answers: ['answer_2'] }])
  })
  it('sends no answers of what is no choice any more, and no empty words', () => {
    const form = formOf(TOPIC)
    form.fields[0]!.kind = 'text'
    form.fields[0]!.hints = { en: ' ' }
    expect([inputOf(form).fields[0]!.options, inputOf(form).fields[0]!.hints]).toEqual([[], {}])
    expect(inputOf(form).fields[1]!.shownWhen).toEqual({ field: 'fault', answers: ['error'] }) // the server says what is wrong
  })
  it('names what is wrong with a condition at once', () => {
    const form = formOf(TOPIC)
    form.fields[1]!.shownWhen!.answers = []
    expect([0, 1, 2, 3].map((at) => conditionFault(form.fields, at))).toEqual(['', 'noAnswer', '', ''])
    form.fields = form.fields.slice(1)
    expect(conditionFault(form.fields, 0)).toBe('gone')
    expect(inputOf(form).fields[0]!.shownWhen).toEqual({ field: '', answers: [] })
    expect(keys(deciders(form.fields, 2))).toEqual(['stock'])
  })
  it('knows all texts that customers read', () => {
    expect(textsOf(formOf(TOPIC)).filter((words) => said(words, 'en'))).toHaveLength(8)
    expect(textsOf(emptyTopic())).toEqual([{}])
  })
})

describe('the preview asks', () => {
  const asked = (answer: (form: TopicForm) => Record<number, string>) => {
    const form = formOf(TOPIC)
    return keys(shown(form.fields, answer(form)))
  }
  const [FAULT, STOCK] = [0, 2]
  const option = (form: TopicForm, at: number) => String(form.fields[FAULT]!.options[at]!.uid)
  it('as the server does', () => {
    expect(asked(() => ({}))).toEqual(['fault'])
    expect(asked((form) => ({ [form.fields[FAULT]!.uid]: option(form, 0) }))).toEqual(['fault', 'stock'])
    expect(asked((form) => ({ [form.fields[FAULT]!.uid]: option(form, 1), [form.fields[STOCK]!.uid]: YES }))).toEqual(['fault', 'code', 'stock', 'value'])
    expect(asked((form) => ({ [form.fields[STOCK]!.uid]: YES }))).toEqual(['fault']) // hidden answers do not count
  })
})

describe('keys', () => {
  it.each([
    ['Which floor?', [], 'which_floor'],
    ['Étage n° 2', [], 'etage_n_2'],
    ['24 hours', [], 'hours'],
    ['कौन सी मंज़िल?', [], 'question_1'],
    ['Floor', ['floor', 'floor_2'], 'floor_3'],
    ['x'.repeat(60), [], 'x'.repeat(37)],
  ])('of “%s”', (text, taken, key) => expect(keyOf({ en: text }, taken, 'question_1')).toBe(key))
})

it('lists are sorted by steps, and not beyond their ends', () => {
  expect([moved(['a', 'b', 'c'], 0, 1), moved(['a', 'b'], 0, -1), moved(['a', 'b'], 1, 1)]).toEqual([['b', 'a', 'c'], ['a', 'b'], ['a', 'b']])
})

it('words fall back, and what is missing is counted', () => {
  expect([said({ en: 'Fault', hi: ' ' }, 'hi'), said({ mr: 'बिघाड' }, 'kn'), said({}, 'en')]).toEqual(['Fault', 'बिघाड', ''])
  expect(filled({ en: ' Fault ', hi: ' ' })).toEqual({ en: 'Fault' })
  expect(missing([{ en: 'a' }, { en: 'b', hi: 'c' }, {}], 'hi')).toBe(1)
})
