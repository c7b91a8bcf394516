/**
 * The text of an article in one language while somebody writes it: kept on this device at once, on the server after
 * a rest, one save after the other. A save that somebody else has overtaken is never repeated blindly: the author sees
 * both and chooses.
 */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { ApiError } from '@/shared/api/client'
import { kb, type ArticleText, type Translation } from '@/shared/api/knowledge'
import { store } from '@/shared/storage'

export const SAVE_AFTER_MS = 1_200
export const TRY_AGAIN_MS = 5_000

/** What lies on this device: the words, and the version they are based on. */
interface Kept extends ArticleText {
  version: number
}

export type SaveState = 'saved' | 'dirty' | 'saving' | 'offline' | 'stale' | 'refused'

const keyOf = (articleId: number, locale: string) => `article:${articleId}:${locale}`
const textOf = (given: ArticleText): ArticleText => ({ title: given.title, summary: given.summary, body: given.body })
export const sameText = (a: ArticleText, b: ArticleText) => a.title === b.title && a.summary === b.summary && a.body === b.body

function readKept(key: string): Kept | null {
  try {
    const found: unknown = JSON.parse(store.get(key) ?? 'null')
    if (found && typeof found === 'object' && typeof (found as Kept).body === 'string') return found as Kept
  } catch {
    // written by an older console or by hand: the server's text counts
  }
  return null
}

export function useArticleText(articleId: () => number, locale: () => string, me: () => number) {
  const translation = shallowRef<Translation | null>(null)
  const text = ref<ArticleText>({ title: '', summary: '', body: '' })
  const state = ref<SaveState>('saved')
  const failure = shallowRef<ApiError | null>(null)
  const loadError = shallowRef<ApiError | null>(null)
  /** What somebody else has saved meanwhile. */
  const theirs = shallowRef<Translation | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let chain: Promise<unknown> = Promise.resolve()
  let place = { id: articleId(), locale: locale() }

  /** A newer state of the same text: after a save, or after a step of its way to the readers. */
  function take(next: Translation): void {
    translation.value = next
  }

  async function load(): Promise<void> {
    await flush()
    place = { id: articleId(), locale: locale() }
    const here = place
    translation.value = null
    theirs.value = null
    failure.value = null
    state.value = 'saved'
    if (!here.id || !here.locale) return
    try {
      const found = await kb.texts.read(here.id, here.locale)
      if (here !== place) return
      loadError.value = null
      translation.value = found
      text.value = textOf(found)
      resume(found)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (here === place) loadError.value = error
    }
  }

  /** Words that never reached the server are still here after a crash. */
  function resume(found: Translation): void {
    const kept = readKept(keyOf(place.id, place.locale))
    if (!kept || sameText(kept, found)) return
    text.value = textOf(kept)
    // A save of one's own may have arrived without its answer; only somebody else's stands against these words.
    if (kept.version === found.version || found.working.authorId === me()) {
      state.value = 'dirty'
      schedule(0)
    } else {
      theirs.value = found
      state.value = 'stale'
    }
  }

  function write(change: Partial<ArticleText>): void {
    if (!translation.value) return
    const next = { ...text.value, ...change }
    if (sameText(next, text.value)) return
    text.value = next
    keep()
    if (state.value === 'stale') return
    state.value = 'dirty'
    schedule(SAVE_AFTER_MS)
  }

  function keep(): void {
    const base = theirs.value ?? translation.value
    if (base) store.set(keyOf(place.id, place.locale), JSON.stringify({ ...text.value, version: base.version } satisfies Kept))
  }

  function schedule(delay: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => void save(), delay)
  }

  /** Save what is written, behind the save that may be on its way. */
  function save(options: { note?: string; autosave?: boolean } = {}): Promise<boolean> {
    clearTimeout(timer)
    const done = chain.then(() => send(options))
    chain = done.catch(() => false)
    return done
  }

  async function send({ note = '', autosave = true }: { note?: string; autosave?: boolean }): Promise<boolean> {
    const before = translation.value
    if (!before || state.value === 'stale') return false
    const sent = textOf(text.value)
    if (autosave && sameText(sent, before)) {
      settle(before, sent)
      return true
    }
    const here = place
    state.value = 'saving'
    try {
      const saved = await kb.texts.save(here.id, here.locale, { ...sent, fileIds: before.files.map((file) => file.id), note, autosave }, before.version)
      if (here === place) settle(saved, sent)
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (here === place) refused(error)
      return false
    }
  }

  function settle(saved: Translation, sent: ArticleText): void {
    translation.value = saved
    failure.value = null
    if (sameText(sent, text.value)) {
      state.value = 'saved'
      store.remove(keyOf(place.id, place.locale))
    } else {
      state.value = 'dirty'
      keep()
      schedule(SAVE_AFTER_MS)
    }
  }

  function refused(error: ApiError): void {
    failure.value = error
    const current = error.body.current as Translation | undefined
    if (error.status === 412 && current) {
      if (sameText(current, text.value)) return settle(current, text.value)
      theirs.value = current
      state.value = 'stale'
    } else if (error.offline) {
      state.value = 'offline'
      schedule(TRY_AGAIN_MS)
    } else state.value = 'refused'
  }

  /** Keep one's own words: they become a further version, and the other's stays in the history. */
  async function keepMine(): Promise<boolean> {
    if (!theirs.value) return false
    translation.value = theirs.value
    theirs.value = null
    state.value = 'dirty'
    keep()
    return save()
  }

  function takeTheirs(): void {
    if (!theirs.value) return
    translation.value = theirs.value
    text.value = textOf(theirs.value)
    theirs.value = null
    state.value = 'saved'
    store.remove(keyOf(place.id, place.locale))
  }

  /** Send what waits, as before another text is opened. */
  async function flush(): Promise<void> {
    clearTimeout(timer)
    if (state.value === 'dirty' || state.value === 'offline') await save()
    await chain
  }

  /** After a step that made a new version on the server (restore, approve): its words are the words. */
  function replace(next: Translation): void {
    translation.value = next
    text.value = textOf(next)
    state.value = 'saved'
    store.remove(keyOf(place.id, place.locale))
  }

  // Two sources, not one getter of both: that one would load anew, and take the editor away, with every other change of the article.
  watch([articleId, locale], () => void load(), { immediate: true })
  onScopeDispose(() => void flush())

  const unsaved = computed(() => state.value !== 'saved')
  return { translation, text, state, failure, loadError, theirs, unsaved, write, save, flush, load, take, replace, keepMine, takeTheirs }
}
