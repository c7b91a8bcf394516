/** Why a message is in its ticket, in the reader's words. */
import { useI18n } from 'vue-i18n'
import { proofKey } from './facts'

/** "It answers a message of this ticket"; "" when there is nothing to tell. */
export function useMatchedWords(): (rule: string | null) => string {
  const { t, te } = useI18n()
  return (rule) => {
    const proof = proofKey(rule)
    if (!proof) return ''
    const key = `timeline.matched.${proof}`
    return te(key) ? t(key) : t('timeline.matched.other', { rule })
  }
}
