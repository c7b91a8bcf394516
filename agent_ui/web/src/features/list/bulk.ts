/** One change for many tickets: a PATCH for each, a few at a time, and a result that names what failed. */
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import type { TicketPatch, TicketRow } from '@/shared/api/types'
import { useLists } from '@/shared/stores/lists'
import { useTickets } from '@/shared/stores/tickets'
import { toast } from '@/shared/toasts'
import { dropUndo, pushUndo, undoLast } from '@/shared/undo'

const AT_ONCE = 4

/** Run `task` over all ids, at most `AT_ONCE` at a time; the ids for which it came back false. */
export async function eachOf(ids: number[], task: (id: number) => Promise<boolean>, done: () => void): Promise<number[]> {
  const waiting = [...ids]
  const failed: number[] = []
  async function work(): Promise<void> {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      if (!(await task(id))) failed.push(id)
      done()
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work))
  return failed
}

function before(row: TicketRow, change: TicketPatch): TicketPatch {
  const old: TicketPatch = {}
  if ('status' in change) old.status = row.status
  if ('priority' in change) old.priority = row.priority
  if ('assigneeId' in change) old.assigneeId = row.assignee?.id ?? null
  if ('tags' in change) old.tags = [...row.tags]
  return old
}

export function useBulk() {
  const { t } = useI18n()
  const tickets = useTickets()
  const lists = useLists()
  const progress = ref<{ done: number; total: number } | null>(null)

  async function run(ids: number[], changeOf: (row: TicketRow) => TicketPatch): Promise<void> {
    const old = new Map<number, TicketPatch>()
    const count = { done: 0, total: ids.length }
    progress.value = { ...count }
    const failed = await eachOf(ids, async (id) => {
      const row = tickets.row(id)
      if (!row) return false
      const change = changeOf(row)
      old.set(id, before(row, change))
      return tickets.patch(id, change, { undoable: false, quiet: true, bulk: true })
    }, () => (progress.value = { ...count, done: ++count.done }))
    progress.value = null
    report(ids.filter((id) => !failed.includes(id)), failed, old)
    void lists.refreshNow()
  }

  function report(changed: number[], failed: number[], old: Map<number, TicketPatch>): void {
    if (failed.length) {
      const names = failed.slice(0, 5).map((id) => `#${id}`).join(', ') + (failed.length > 5 ? ' …' : '')
      toast(t('bulk.someFailed', { n: failed.length, tickets: names }, failed.length), { kind: 'error' })
    }
    if (!changed.length) return
    const label = t('bulk.done', { n: changed.length }, changed.length)
    const entry = pushUndo({
      label,
      run: async () => {
        await eachOf(changed, (id) => tickets.patch(id, old.get(id)!, { undoable: false, quiet: true }), () => undefined)
        void lists.refreshNow()
      },
    })
    toast(label, {
      action: { label: t('common.undo'), run: () => { dropUndo(entry); pushUndo(entry); void undoLast() } },
    })
  }

  return { progress, run }
}
