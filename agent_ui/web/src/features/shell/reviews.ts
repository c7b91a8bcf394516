/** Notices about the review of articles: to those who may approve when a text waits, to its authors when it was decided. */
import { onScopeDispose } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import type { LiveEvent } from '@/shared/api/types'
import { notices, playSound } from '@/shared/notices'
import { useSession } from '@/shared/session'
import { useLive } from '@/shared/stores/live'
import { toast } from '@/shared/toasts'

const WORDS: Record<string, string> = {
  'article.submitted': 'notice.reviewAsked', 'article.approved': 'notice.reviewApproved', 'article.returned': 'notice.reviewReturned',
}

/** Whether a step of a text is news for an agent: she may approve it, or it is hers; what she did herself is none. */
export function concerns(event: LiveEvent, me: number | null, mayApprove: boolean): boolean {
  if (!(event.kind in WORDS) || event.actor.id === me) return false
  const authors = Array.isArray(event.data.author_ids) ? event.data.author_ids : []
  const isHers = authors.includes(me)
  return event.kind === 'article.submitted' ? mayApprove && !isHers : isHers
}

export function useReviewNotices(): void {
  const { t } = useI18n()
  const router = useRouter()
  const session = useSession()

  async function onEvent(event: LiveEvent): Promise<void> {
    if (!concerns(event, session.me, session.can('articles:publish'))) return
    const { kb } = await import('@/shared/api/knowledge')
    const id = Number(event.data.article_id)
    const language = String(event.data.locale)
    const text = await kb.texts.read(id, language).catch(() => null)
    if (!text) return
    const words = t(WORDS[event.kind] ?? '', { title: text.title })
    const open = () => void router.push(`/knowledge/${id}?language=${language}`)
    playSound()
    toast(words, { action: { label: t('notice.open'), run: open }, seconds: 10 })
    if (!notices.desktop || document.hasFocus() || Notification.permission !== 'granted') return
    const notice = new Notification(words, { tag: `article-${id}-${language}` })
    notice.onclick = () => {
      window.focus()
      open()
      notice.close()
    }
  }

  onScopeDispose(useLive().onEvent((event) => void onEvent(event)))
}
