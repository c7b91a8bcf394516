/** What the server found wrong, shown at the field it is about. Fields find their complaint by their path. */
import { computed, inject, nextTick, provide, reactive, toValue, useId, type InjectionKey, type MaybeRefOrGetter } from 'vue'
import type { ApiError } from '../api/client'
import { problemWords } from '../problemWords'

export type Complaints = Record<string, string>
const COMPLAINTS: InjectionKey<Complaints> = Symbol('complaints')

/**
 * "imap.import_as" → "imap.importAs": the server names fields as Python or as JSON. "names[...]" is some entry of
 * "names": the words of one language stand in the field for all of them.
 */
export const pathOf = (field: string) =>
  field.replace(/\[\.{3}\]$/, '').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** For the form: keeps the complaints of the last answer and hands them to the fields below. */
export function useComplaints() {
  const complaints = reactive<Complaints>({})
  provide(COMPLAINTS, complaints)

  function clear(): void {
    for (const path of Object.keys(complaints)) complaints[path] = ''
  }

  /** Show what is wrong; true when the answer named fields. */
  function accept(error: ApiError): boolean {
    clear()
    for (const { field, message } of error.errors) complaints[pathOf(field)] ||= problemWords(message)
    return error.errors.length > 0
  }

  /** Put the caret where the first complaint is. False when no field of this page is meant. */
  async function focusFirst(root: HTMLElement | null): Promise<boolean> {
    await nextTick()
    const wrong = root?.querySelector<HTMLElement>('[aria-invalid=true]')
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
    return Object.entries(complaints).filter(([path, text]) => text && !root?.querySelector(`[data-field="${CSS.escape(path)}"]`))
      .map(([path, text]) => `${path}: ${text}`)
  }

  /** Whether something is still complained about: a field that was changed since is not. */
  const complained = computed(() => Object.values(complaints).some(Boolean))

  return { complaints, complained, accept, clear, complain, focusFirst, homeless }
}

/** For a field: its id, its complaint, and what describes it. */
export function useField(path: MaybeRefOrGetter<string>, hint: MaybeRefOrGetter<string | undefined>) {
  const id = useId()
  const complaints = inject(COMPLAINTS, {})
  const error = computed(() => complaints[toValue(path)] ?? '')
  const describedBy = computed(() =>
    [error.value && `${id}-error`, toValue(hint) && `${id}-hint`].filter(Boolean).join(' ') || undefined)
  /** Whoever changes the field has seen the complaint. */
  const seen = () => {
    if (error.value) complaints[toValue(path)] = ''
  }
  return { id, error, describedBy, seen }
}
