/** Files of a draft that the server does not have any more: they waited longer than it keeps what nobody has sent. */
import type { DraftFile } from '@/shared/drafts'
import { tr } from '@/shared/i18n'

/** Names them when that is why the server refused (`gone` of its answer), else null. */
export function filesGone(body: Record<string, unknown>, files: readonly Pick<DraftFile, 'id' | 'name'>[]): string | null {
  const gone = Array.isArray(body.gone) ? (body.gone as unknown[]) : []
  const names = files.filter((file) => gone.includes(file.id)).map((file) => file.name)
  return names.length ? tr('composer.filesGone', { names: names.join(', ') }, names.length) : null
}
