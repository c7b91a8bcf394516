/**
 * A topic as its form has it, and the way to the server and back.
 *
 * While they are edited, questions and answers are known by numbers of our own, so that a condition keeps pointing at
 * its question through every move and rename. The keys under which answers are kept are made when a new one is saved,
 * and stay from then on.
 */
import type { Kind, Question, Topic, TopicInput, Words } from '@/shared/api/portal'
import { filled, said } from '@/shared/words'

export const YES = 'yes'
export const MOST_QUESTIONS = 20

export interface OptionForm {
  uid: number
  /** Empty for a new one. */
  key: string
  names: Words
}

export interface ConditionForm {
  /** Of the question that decides. */
  question: number
  /** Of its answers that show this one; of a tick box it is always "ticked". */
  answers: number[]
}

export interface QuestionForm {
  uid: number
  key: string
  kind: Kind
  names: Words
  hints: Words
  isRequired: boolean
  options: OptionForm[]
  shownWhen: ConditionForm | null
}

export interface TopicForm {
  key: string
  names: Words
  teamId: number | null
  isActive: boolean
  fields: QuestionForm[]
}

let uids = 0
export const newOption = (): OptionForm => ({ uid: ++uids, key: '', names: {} })
export const newQuestion = (): QuestionForm =>
  ({ uid: ++uids, key: '', kind: 'text', names: {}, hints: {}, isRequired: false, options: [], shownWhen: null })

export const emptyTopic = (): TopicForm => ({ key: '', names: {}, teamId: null, isActive: true, fields: [] })

export function formOf(topic: Topic): TopicForm {
  const fields = topic.fields.map((field): QuestionForm => ({
    ...newQuestion(), key: field.key, kind: field.kind, names: { ...field.names }, hints: { ...field.hints }, isRequired: field.isRequired,
    options: field.options.map((option) => ({ ...newOption(), key: option.key, names: { ...option.names } })),
  }))
  topic.fields.forEach(({ shownWhen }, at) => {
    const other = fields.find((field) => field.key === shownWhen?.field)
    if (!shownWhen || !other) return
    const answers = other.options.filter((option) => shownWhen.answers.includes(option.key)).map((option) => option.uid)
    fields[at]!.shownWhen = { question: other.uid, answers }
  })
  return { key: topic.key, names: { ...topic.names }, teamId: topic.teamId, isActive: topic.isActive, fields }
}

const LONGEST_KEY = 40

/** A key made of words: "Which floor?" → "which_floor"; of other letters than Latin nothing is left but `otherwise`. */
export function keyOf(words: Words, taken: readonly string[], otherwise: string, between = '_'): string {
  const plain = (words.en?.trim() || said(words, 'en')).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const slug = plain.replace(/[^a-z0-9]+/g, between).replace(/^[^a-z]+/, '').slice(0, LONGEST_KEY - 3).replace(/[_-]+$/, '') || otherwise
  let key = slug
  for (let n = 2; taken.includes(key); n++) key = `${slug}${between}${n}`
  return key
}

interface Keyed { uid: number; key: string; names: Words }

/** The key of each one: its own, or a new one that no other has. */
function keysOf(of: readonly Keyed[], otherwise: string): Map<number, string> {
  const keys = new Map(of.filter((each) => each.key).map((each) => [each.uid, each.key]))
  for (const each of of) if (!each.key) keys.set(each.uid, keyOf(each.names, [...keys.values()], `${otherwise}_${keys.size + 1}`))
  return keys
}

export function inputOf(form: TopicForm): TopicInput {
  const keys = keysOf(form.fields, 'question')
  const answers = new Map(form.fields.map((field) => [field.uid, keysOf(field.options, 'answer')]))
  const fields = form.fields.map((field): Question => ({
    key: keys.get(field.uid)!, kind: field.kind, names: filled(field.names), hints: filled(field.hints), isRequired: field.isRequired,
    options: field.kind === 'choice' ? field.options.map((option) => ({ key: answers.get(field.uid)!.get(option.uid)!, names: filled(option.names) })) : [],
    shownWhen: field.shownWhen && conditionOf(field.shownWhen, form.fields, keys, answers),
  }))
  return { key: form.key.trim(), names: filled(form.names), teamId: form.teamId, isActive: form.isActive, fields }
}

function conditionOf(condition: ConditionForm, fields: readonly QuestionForm[], keys: Map<number, string>, answers: Map<number, Map<number, string>>) {
  const other = fields.find((field) => field.uid === condition.question)
  const known = answers.get(condition.question)
  const named = condition.answers.map((uid) => known?.get(uid)).filter((key) => key !== undefined)
  // of a question that is gone nothing is left to name: the server says so at this place
  return { field: keys.get(condition.question) ?? '', answers: other?.kind === 'checkbox' ? [YES] : named }
}

/** The questions whose answers can decide about one: choices and tick boxes that stand before it. */
export const deciders = (fields: readonly QuestionForm[], at: number): QuestionForm[] =>
  fields.slice(0, at).filter((field) => field.kind === 'choice' || field.kind === 'checkbox')

/** What is wrong with a condition as it stands, before the server says so. */
export function conditionFault(fields: readonly QuestionForm[], at: number): '' | 'gone' | 'noAnswer' {
  const condition = fields[at]?.shownWhen
  if (!condition) return ''
  const other = deciders(fields, at).find((field) => field.uid === condition.question)
  if (!other) return 'gone'
  return other.kind === 'choice' && !other.options.some((option) => condition.answers.includes(option.uid)) ? 'noAnswer' : ''
}

/** The questions that are asked, given what was answered so far (by uid). A hidden question shows no other. */
export function shown(fields: readonly QuestionForm[], answers: Readonly<Record<number, string>>): QuestionForm[] {
  const visible = new Map<number, QuestionForm>()
  for (const field of fields) {
    const condition = field.shownWhen
    const other = condition && visible.get(condition.question)
    const answer = condition ? answers[condition.question] ?? '' : ''
    const fits = other?.kind === 'checkbox' ? answer === YES : condition?.answers.map(String).includes(answer)
    if (!condition || (other && fits)) visible.set(field.uid, field)
  }
  return [...visible.values()]
}

/** A list with one of its entries a place further up (-1) or down (1); the same list where there is no such place. */
export function moved<T>(list: readonly T[], at: number, step: -1 | 1): T[] {
  const next = [...list]
  const [one, other] = [next[at], next[at + step]]
  if (one === undefined || other === undefined) return next
  next[at] = other
  next[at + step] = one
  return next
}

/** All texts of a topic that customers read. */
export const textsOf = (form: TopicForm): Words[] =>
  [form.names, ...form.fields.flatMap((field) => [field.names, field.hints, ...(field.kind === 'choice' ? field.options.map((option) => option.names) : [])])]
