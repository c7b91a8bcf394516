/** Events in the reader's language, with the names of colleagues and teams of this desk. */
import { useI18n } from 'vue-i18n'
import type { EventItem } from '@/shared/api/types'
import { useDirectory } from '@/shared/stores/directory'
import { serverWords } from '@/shared/serverWords'
import { fullTime } from '@/shared/time'
import { eventWords, type EventNames } from './events'

export function useEventText(): (item: EventItem) => string {
  const { t, te } = useI18n()
  const directory = useDirectory()
  const known = (section: string, code: string): string => (te(`${section}.${code}`) ? t(`${section}.${code}`) : code)

  const names: EventNames = {
    agent: (id) => directory.agentById.get(id)?.name ?? `#${id}`,
    team: (id) => directory.teamById.get(id)?.name ?? `#${id}`,
    status: (code) => known('status', code),
    priority: (code) => known('priority', code),
    entitlement: (code) => known('product.state', code),
    clock: (kind) => known('sla.kind', kind),
    presence: (state) => known('presence', state),
    because: (code) => known('sla.because', code),
    reason: serverWords,
    time: (iso) => (iso ? fullTime(iso) : ''),
    get nobody() {
      return t('common.nobody')
    },
  }

  return (item) => {
    const { key, values } = eventWords(item, names)
    return t(`timeline.events.${key}`, values)
  }
}
