/** What the server found wrong, shown at the field it is about. Fields find their complaint by their path. */
import { computed, inject, nextTick, provide, reactive, toValue, useId, watch, type InjectionKey, type MaybeRefOrGetter } from 'vue'
import type { ApiError } from '../api/client'
import { problemWords } from '../problemWords'

export type Complaints = Record<string, string>
/** What is wrong by the server's paths, and the paths of the fields that are there. */
interface Form { complaints: Complaints; fields: Map<string, number> }
const FORM: InjectionKey<Form> = Symbol('complaints')

/**
 * "imap.import_as" → "imap.importAs": the server names fields as Python or as JSON. "names[...]" is some entry of
 * "names": the words of one language stand in the field for all of them.
 */
export const pathOf = (field: string) =>
  field.replace(/\[\.{3}\]$/, '').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** The field that a complaint is shown at: its own, or the nearest one around it ("weekly[0][1]" → "weekly[0]"). */
export function nearest(path: string, fields: ReadonlyMap<string, unknown>): string | undefined {
  for (let end = path.length; end > 0; end = Math.max(path.lastIndexOf('.', end - 1), path.lastIndexOf('[', end - 1))) {
    if (fields.has(path.slice(0, end))) return path.slice(0, end)
  }
  return undefined
}

/** For the form: keeps the complaints of the last answer and hands them to the fields below. */
export function useComplaints() {
  const complaints = reactive<Complaints>({})
  const fields = reactive(new Map<string, number>())
  provide(FORM, { complaints, fields })

  function clear(): void {
    for (const path of Object.keys(complaints)) complaints[path] = ''
  }

  /** Show what is wrong; true when the answer named fields. */
  function accept(error: ApiError): boolean {
    clear()
    for (const { field, message } of error.errors) complaints[pathOf(field)] ||= problemWords(message)
    return error.errors.length > 0
  }

  /** Put the caret where the first complaint is, or on its words where it is about no single field. False when no field of this page is meant. */
  async function focusFirst(root: HTMLElement | null): Promise<boolean> {
    await nextTick()
    const wrong = root?.querySelector<HTMLElement>('[aria-invalid=true], [data-complaint]')
    wrong?.focus()
    return Boolean(wrong)
  }

  /** A complaint of the page's own, before the server is asked. */
  async function complain(own: Complaints, root: HTMLElement | null): Promise<void> {
    clear()
    Object.assign(complaints, own)
    await focusFirst(root)
  }

  /** Complaints about what no field of the page is for: they go on top of the form. */
  function homeless(root: HTMLElement | null): string[] {
    const shown = (path: string) => nearest(path, fields) !== undefined || root?.querySelector(`[data-field="${CSS.escape(path)}"]`)
    return Object.entries(complaints).filter(([path, text]) => text && !shown(path)).map(([path, text]) => `${path}: ${text}`)
  }

  /** Whether something is still complained about: a field that was changed since is not. */
  const complained = computed(() => Object.values(complaints).some(Boolean))

  return { complaints, complained, accept, clear, complain, focusFirst, homeless }
}

/** For a field: its id, its complaint, and what describes it. */
export function useField(path: MaybeRefOrGetter<string>, hint: MaybeRefOrGetter<string | undefined>) {
  const id = useId()
  const { complaints, fields } = inject(FORM, (): Form => ({ complaints: {}, fields: new Map() }), true)
  watch(() => toValue(path), (here, _, gone) => {
    fields.set(here, (fields.get(here) ?? 0) + 1)
    gone(() => {
      const others = (fields.get(here) ?? 1) - 1
      if (others) fields.set(here, others)
      else fields.delete(here)
    })
  }, { immediate: true })
  const mine = () => Object.keys(complaints).filter((each) => complaints[each] && nearest(each, fields) === toValue(path))
  const error = computed(() => complaints[toValue(path)] || complaints[mine()[0] ?? ''] || '')
  const describedBy = computed(() =>
    [error.value && `${id}-error`, toValue(hint) && `${id}-hint`].filter(Boolean).join(' ') || undefined)
  /** Whoever changes the field has seen the complaint. */
  const seen = () => {
    for (const each of mine()) complaints[each] = ''
  }
  return { id, error, describedBy, seen }
}
