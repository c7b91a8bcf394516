/** What rules can name, read once for a page; and rules, answers and effects in words. */
import { ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { rulesApi, type Action, type Answered, type Catalogue, type Condition, type Effect, type Field, type Question, type Trigger, type Value } from '@/shared/api/automation'
import { ApiError, http } from '@/shared/api/client'
import { api } from '@/shared/api/endpoints'
import { useSession } from '@/shared/session'
import { useDirectory } from '@/shared/stores/directory'
import { count } from '@/shared/time'

export interface Named { value: number | string; label: string }
type Kind = 'team' | 'agent' | 'mailbox' | 'organisation' | 'hours' | 'queue' | 'skill' | 'webhook' | 'tag' | ''
const HOUR = 60
const DAY = 24 * HOUR

export function useNames() {
  const { t, te } = useI18n()
  const directory = useDirectory()
  const session = useSession()
  const lists = shallowRef<Partial<Record<Kind, Named[]>>>({})
  const catalogue = shallowRef<Catalogue | null>(null)
  const ready = ref(false)
  const error = shallowRef<ApiError | null>(null)

  /** A list that cannot be read (somebody may not, or the server is away) is empty; its numbers show as numbers. */
  async function list(path: string): Promise<{ id: number; name: string }[]> {
    try {
      const found = await http.get<{ id: number; name: string }[] | { items: { id: number; name: string }[] }>(path)
      return Array.isArray(found) ? found : found.items
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught
      return []
    }
  }
  const named = (rows: { id: number; name: string }[]): Named[] => rows.map(({ id, name }) => ({ value: id, label: name }))

  /** Mailboxes by their addresses; whoever may not write from them does not see them. */
  async function mailboxes(): Promise<Named[]> {
    try {
      const found = new Map((await api.senders()).toReversed().map((one) => [one.accountId, one.address]))
      return [...found].map(([value, label]) => ({ value, label })).sort((a, b) => a.label.localeCompare(b.label))
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught
      return []
    }
  }

  /** Companies are too many to be read at once: those that are searched for, and those that a rule names. */
  const asked = new Set<unknown>()
  function keepOrganisations(rows: { id: number; name: string }[]): Named[] {
    const known = new Map([...(lists.value.organisation ?? []), ...named(rows)].map((one) => [one.value, one]))
    lists.value = { ...lists.value, organisation: [...known.values()] }
    return named(rows)
  }
  async function findOrganisations(words: string): Promise<Named[]> {
    return keepOrganisations(await list(`/api/organisations?q=${encodeURIComponent(words)}`))
  }
  function nameOrganisation(id: unknown): void {
    if (asked.has(id) || typeof id !== 'number') return
    asked.add(id)
    void list(`/api/organisations?ids=${id}`).then(keepOrganisations)
  }

  /** Read everything; what rules are made of has to be there (`error`), the rest is left out where it cannot be read. */
  async function load(): Promise<void> {
    error.value = null
    const [hours, queues, skills, hooks, boxes, tags] = await Promise.all([
      list('/api/opening-hours'), list('/api/routing/queues'), list('/api/routing/skills'),
      session.can('webhooks:manage') ? list('/api/webhooks') : [], mailboxes(), api.tags('').catch(() => []), directory.load(),
    ])
    try {
      catalogue.value = session.can('rules:manage') ? await rulesApi.catalogue() : null
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught
      error.value = caught
      return
    }
    lists.value = {
      ...lists.value, mailbox: boxes, tag: tags.map((tag) => ({ value: tag, label: tag })),
      team: named(directory.teams), agent: named(directory.agents), queue: named(queues), skill: named(skills), webhook: named(hooks),
      hours: hours.map(({ name }) => ({ value: name, label: name === 'default' ? t('rules.ownHours') : name })),
    }
    ready.value = true
  }

  const optionsOf = (kind: string): Named[] => lists.value[kind as Kind] ?? []
  function nameOf(kind: string, key: unknown): string {
    const known = optionsOf(kind).find((one) => one.value === key)
    if (known) return known.label
    if (key === null || key === undefined) return t(kind === 'agent' ? 'common.nobody' : 'common.none')
    if (kind === 'organisation') nameOrganisation(key)
    return kind === 'hours' ? String(key) : `#${String(key)}`
  }
  const fieldOf = (name: string): Field | undefined => catalogue.value?.fields.find((field) => field.name === name)
  const fieldWords = (name: string): string => (te(`rules.field.${name}`) ? t(`rules.field.${name}`) : name)

  function choice(name: string, value: unknown): string {
    const last = name.split('.')[1] ?? name
    const key = last === 'entitlement' ? `product.state.${String(value)}` : last === 'by' ? `rules.by.${String(value)}` : `${last}.${String(value)}`
    return te(key) ? t(key) : String(value)
  }
  function valueWords(name: string, value: Value | undefined): string {
    if (Array.isArray(value)) return value.map((one) => valueWords(name, one)).join(', ')
    const field = fieldOf(name)
    if (typeof value === 'boolean') return t(value ? 'rules.yes' : 'rules.no')
    if (field?.type === 'ref' || field?.type === 'hours') return nameOf(field.of || 'hours', value)
    if (field?.type === 'choice') return choice(name, value)
    if (typeof value === 'number') return count(value)
    return value === null || value === undefined ? '' : `“${String(value)}”`
  }
  function questionWords(question: Question | Answered): string {
    if (typeof question.value === 'boolean') return `${fieldWords(question.field)}: ${t((question.op === 'is') === question.value ? 'rules.yes' : 'rules.no')}`
    return [fieldWords(question.field), t(`rules.op.${question.op}`), valueWords(question.field, question.value)].filter(Boolean).join(' ')
  }
  /** Conditions in a sentence: "Priority is Urgent and (Channel is Chat or …)". Nothing is said where there are none. */
  function conditionWords(condition: Condition, inner = false): string {
    if (condition.kind === 'question') return questionWords(condition)
    const parts = condition.of.map((one) => conditionWords(one, true)).filter(Boolean)
    if (!parts.length) return ''
    const words = parts.join(t(condition.match === 'all' ? 'rules.and' : 'rules.or'))
    if (condition.match === 'none') return t('rules.noneOf', { what: words })
    return inner && parts.length > 1 ? `(${words})` : words
  }
  /** What was asked, and what was found instead where it did not hold. */
  function answerWords(answer: Answered): string {
    const found = answer.holds || answer.found === null || typeof answer.found === 'boolean' ? '' : valueWords(answer.field, answer.found)
    return found ? t('rules.found', { what: questionWords(answer), found }) : questionWords(answer)
  }
  /** A length of time in its largest whole unit. */
  function lengthWords(minutes: number): string {
    const [key, unit] = minutes % DAY === 0 ? ['days', DAY] : minutes % HOUR === 0 ? ['hours', HOUR] : ['minutes', 1]
    return t(`rules.length.${String(key)}`, { n: minutes / Number(unit) }, minutes / Number(unit))
  }
  const happening = (kind: string): string => (te(`rules.on.${kind}`) ? t(`rules.on.${kind}`) : kind)
  function triggerWords(trigger: Trigger): string {
    if (trigger.kind === 'event') return trigger.of.map(happening).join(t('rules.or'))
    const words = { length: lengthWords(trigger.minutes), since: t(`rules.since.${trigger.since}`) }
    return t(trigger.business ? 'rules.passedOpen' : 'rules.passed', words)
  }
  /** A rule in one sentence. */
  function ruleWords(rule: { trigger: Trigger; condition: Condition; actions: Action[] }): string {
    const words = { when: triggerWords(rule.trigger), if: conditionWords(rule.condition), then: rule.actions.map(actionWords).join(', ') }
    return t(words.if ? 'rules.sentenceIf' : 'rules.sentence', words)
  }
  /** What an action does, as it is written. */
  function actionWords(action: Action): string {
    switch (action.kind) {
      case 'assign': return t('rules.does.assign', { to: action.me ? t('rules.me') : nameOf('agent', action.agent) })
      case 'team': return t('rules.does.team', { to: action.team ? nameOf('team', action.team) : t('common.none') })
      case 'queue': return t('rules.does.queue', { to: nameOf('queue', action.queue) })
      case 'skill': return t('rules.does.skill', { to: nameOf('skill', action.skill) })
      case 'priority': return t('rules.does.priority', { to: t(`priority.${action.value}`) })
      case 'status': return t('rules.does.status', { to: t(`status.${action.value}`) })
      case 'tags': return [...(action.add ?? []).map((tag) => `+${tag}`), ...(action.remove ?? []).map((tag) => `−${tag}`)].join(' ')
      case 'snooze': return action.minutes ? t('rules.does.snooze', { length: lengthWords(action.minutes) }) : t('rules.does.snoozeOpen')
      case 'mail': return t('rules.does.mail', { to: action.to })
      case 'webhook': return t('rules.does.webhook', { to: nameOf('webhook', action.webhook) })
      default: return t(`rules.does.${action.kind}`)
    }
  }
  const FIELDS: Record<string, string> = { assign: 'ticket.assignee', team: 'ticket.team', priority: 'ticket.priority', status: 'ticket.status' }
  /** What an action did, or would do. */
  function effectWords(effect: Effect): string {
    const field = FIELDS[effect.action]
    if (!effect.changes) return t('rules.effect.same', { what: t(`rules.action.${effect.action}`) })
    if (field) return `${fieldWords(field)}: ${effect.old === null ? '–' : valueWords(field, effect.old)} → ${effect.new === null ? '–' : valueWords(field, effect.new)}`
    if (effect.action === 'tags') return `${fieldWords('ticket.tags')}: ${[effect.new ?? []].flat().join(', ') || '–'}`
    if (effect.action === 'snooze' && typeof effect.new === 'number') return t('rules.does.snooze', { length: lengthWords(effect.new) })
    if (['queue', 'skill', 'webhook'].includes(effect.action)) return t(`rules.does.${effect.action}`, { to: nameOf(effect.action, effect.new) })
    if (effect.action === 'mail') return t('rules.does.mail', { to: String(effect.new) })
    return t(`rules.action.${effect.action}`)
  }

  return { ready, error, catalogue, load, optionsOf, nameOf, fieldOf, fieldWords, choice, conditionWords, answerWords, ruleWords, actionWords, effectWords, happening, findOrganisations }
}
export type Names = ReturnType<typeof useNames>
