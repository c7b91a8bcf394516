/** What rules can name, read once for a page; and rules, answers and effects in words. */
import { ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { rulesApi, webhooksApi, type Action, type Answered, type Catalogue, type Effect, type Field, type Question, type Trigger, type Value } from '@/shared/api/automation'
import { ApiError, http } from '@/shared/api/client'
import { useSession } from '@/shared/session'
import { useDirectory } from '@/shared/stores/directory'

export interface Named { value: number | string; label: string }
type Kind = 'team' | 'agent' | 'mailbox' | 'organisation' | 'hours' | 'queue' | 'skill' | 'webhook' | 'tag' | ''

export function useNames() {
  const { t, te } = useI18n()
  const directory = useDirectory()
  const session = useSession()
  const lists = shallowRef<Partial<Record<Kind, Named[]>>>({})
  const catalogue = shallowRef<Catalogue | null>(null)
  const ready = ref(false)

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

  async function load(): Promise<void> {
    const [found, hours, queues, skills, hooks] = await Promise.all([
      session.can('rules:manage') ? rulesApi.catalogue() : null, list('/api/opening-hours'), list('/api/routing/queues'), list('/api/routing/skills'),
      session.can('webhooks:manage') ? webhooksApi.list() : [], directory.load(),
    ])
    catalogue.value = found
    lists.value = {
      team: named(directory.teams), agent: named(directory.agents), queue: named(queues), skill: named(skills), webhook: named(hooks),
      hours: hours.map(({ name }) => ({ value: name, label: name === 'default' ? t('rules.ownHours') : name })),
    }
    ready.value = true
  }

  const optionsOf = (kind: string): Named[] => lists.value[kind as Kind] ?? []
  const nameOf = (kind: string, key: unknown): string => optionsOf(kind).find((one) => one.value === key)?.label ?? (key === null || key === undefined ? t('common.nobody') : `#${String(key)}`)
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
    return value === null || value === undefined ? '' : `“${String(value)}”`
  }
  function questionWords(question: Question | Answered): string {
    return [fieldWords(question.field), t(`rules.op.${question.op}`), valueWords(question.field, question.value)].filter(Boolean).join(' ')
  }
  const happening = (kind: string): string => (te(`rules.on.${kind}`) ? t(`rules.on.${kind}`) : kind)
  function triggerWords(trigger: Trigger): string {
    if (trigger.kind === 'event') return trigger.of.map(happening).join(t('rules.or'))
    return t(trigger.business ? 'rules.afterBusiness' : 'rules.after', { n: trigger.minutes, since: t(`rules.since.${trigger.since}`) }, trigger.minutes)
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
      case 'mail': return t('rules.does.mail', { to: action.to })
      case 'webhook': return t('rules.does.webhook', { to: nameOf('webhook', action.webhook) })
      default: return t(`rules.action.${action.kind}`)
    }
  }
  const FIELDS: Record<string, string> = { assign: 'ticket.assignee', team: 'ticket.team', priority: 'ticket.priority', status: 'ticket.status' }
  /** What an action did, or would do. */
  function effectWords(effect: Effect): string {
    const field = FIELDS[effect.action]
    if (!effect.changes) return t('rules.effect.same', { what: t(`rules.action.${effect.action}`) })
    if (field) return `${fieldWords(field)}: ${effect.old === null ? '–' : valueWords(field, effect.old)} → ${effect.new === null ? '–' : valueWords(field, effect.new)}`
    if (effect.action === 'tags') return `${fieldWords('ticket.tags')}: ${[effect.new ?? []].flat().join(', ') || '–'}`
    return t(`rules.action.${effect.action}`)
  }

  return { ready, catalogue, load, optionsOf, nameOf, fieldOf, fieldWords, choice, questionWords, triggerWords, actionWords, effectWords, happening }
}
export type Names = ReturnType<typeof useNames>
