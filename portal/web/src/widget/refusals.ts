/** What a refusal of the desk says to a visitor, at the field that it is about. */
import { Refused } from './api'
import { word } from './settings'

function sentence(refused: Refused): string {
  if (refused.limit) return word('tooLong', { n: refused.limit })
  return refused.field === 'email' ? word('badEmail') : word('required')
}

/**
 * Writes the complaint to the field of that name, or to `all` when no field of the form is to blame.
 *
 * @param wrong complaints by field
 * @param shown the fields that the visitor sees
 */
export function complain(problem: unknown, wrong: Record<string, string>, shown: readonly string[]): void {
  const refused = problem instanceof Refused ? problem : null
  if (refused?.status === 422 && shown.includes(refused.field)) wrong[refused.field] = sentence(refused)
  else wrong.all = refused?.status === 429 ? word('slow') : word('failed')
}
