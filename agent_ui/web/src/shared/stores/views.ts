/** The views of the inbox with their counters. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { ApiError } from '../api/client'
import { api } from '../api/endpoints'
import type { ViewView } from '../api/types'
import { tr } from '../i18n'
import { throttle } from '../throttle'

const MAIN = ['mine', 'unassigned', 'open', 'breaching', 'promised', 'mentions', 'drafts', 'snoozed', 'solved']

export const useViews = defineStore('views', () => {
  /** Until the first answer the fixed views stand there without numbers. */
  const views = shallowRef<ViewView[]>(MAIN.map((key) => ({ key, group: 'main', count: -1 })))
  const failed = ref(false)
  const loaded = ref(false)
  const byKey = computed(() => new Map(views.value.map((view) => [view.key, view])))
  const inGroup = (group: ViewView['group']) => views.value.filter((view) => view.group === group)

  async function load(): Promise<void> {
    try {
      views.value = await api.views()
      failed.value = false
      loaded.value = true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      failed.value = true
    }
  }

  /** Counters may lag a moment: one request for a burst of events. */
  const refresh = throttle(() => void load(), 1_000)

  /** False for a view that does not exist, as far as that can be told. */
  const exists = (key: string): boolean => !loaded.value || byKey.value.has(key)

  function label(key: string): string {
    const view = byKey.value.get(key)
    if (view?.name) return view.name
    const [group, id] = key.split(':')
    if (group === 'channel' && id) return tr(`channel.${id}`)
    if (MAIN.includes(key)) return tr(`views.${key}`)
    return exists(key) ? '' : tr('views.unknown')
  }

  return { views, failed, byKey, exists, inGroup, load, refresh, label, stop: refresh.cancel }
})
