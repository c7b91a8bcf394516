/** What an article is told in, as words and marks. */
import type { Told } from '@/shared/api/knowledge'
import { LOCALES } from '@/shared/i18n'

export const languageName = (code: string) => LOCALES.find((one) => one.code === code)?.name ?? code

/** The state of one language for a reader of the list: the most telling word. */
export type Telling = 'outdated' | 'scheduled' | 'changed' | 'published' | 'in_review' | 'approved' | 'draft' | 'archived'

export function telling(told: Told): Telling {
  if (told.isLive && told.isOutdated) return 'outdated'
  if (told.publishAt) return 'scheduled'
  if (told.isLive && told.state !== 'published') return told.state === 'in_review' ? 'in_review' : 'changed'
  return told.state as Telling
}

export const LOOKS: Record<Telling, string> = {
  outdated: 'bg-warn-soft text-warn',
  scheduled: 'bg-info-soft text-info',
  changed: 'bg-info-soft text-info',
  published: 'bg-ok-soft text-ok',
  in_review: 'bg-warn-soft text-warn',
  approved: 'bg-info-soft text-info',
  draft: 'bg-sunken text-ink-2',
  archived: 'bg-sunken text-ink-3',
}
