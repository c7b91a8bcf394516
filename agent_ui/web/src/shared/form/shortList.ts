/** What the short lists of the settings share: a line to add, one thing at a time, and a way back for what is removed. */
import { ref, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '../api/client'
import { useFresh } from '../fresh'
import { reasonOf } from '../stores/tickets'
import { toast } from '../toasts'
import { useComplaints } from './errors'

/** `root`: the form with the fields; `changes`: the events after which the list is read anew. */
export function useShortList<T>(root: Ref<HTMLElement | null>, read: () => Promise<T[]>, changes: RegExp) {
  const { t } = useI18n()
  const { data, error, reload } = useFresh(read, changes)
  const { accept, clear, focusFirst } = useComplaints()
  const busy = ref(false)
  const failure = ref('')

  async function attempt(act: () => Promise<unknown>): Promise<void> {
    busy.value = true
    failure.value = ''
    clear()
    try {
      await act()
      await reload()
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught
      if (!(accept(caught) && await focusFirst(root.value))) failure.value = t('settings.failed', { reason: reasonOf(caught) })
    } finally {
      busy.value = false
    }
  }

  /** Take one away and say so; `back` puts it there again. */
  const takeAway = (away: () => Promise<unknown>, words: string, back: () => Promise<unknown>) => attempt(async () => {
    await away()
    toast(words, { action: { label: t('common.undo'), run: () => void attempt(back) } })
  })

  return { data, error, reload, busy, failure, attempt, takeAway }
}
