/** Commands that exist on every page. */
import { computed, onScopeDispose, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import type { PresenceState } from '@/shared/api/types'
import { useCommand, type Command } from '@/shared/commands'
import { showWork } from '@/shared/leftBehind'
import { useSession } from '@/shared/session'
import { settingsFor } from '@/shared/settings'
import { useLayout } from '@/shared/stores/layout'
import { useViews } from '@/shared/stores/views'
import { currentTheme } from '@/shared/theme'
import { toast } from '@/shared/toasts'
import { expectPalette, paletteArrived } from '@/shared/typeAhead'
import { undoLast } from '@/shared/undo'
import { usePresence } from './presence'

const STATES: PresenceState[] = ['available', 'busy', 'break', 'wrap_up', 'offline']

/** Light becomes dark and dark becomes light, whatever "system" means at the moment. */
export function useThemeSwitch() {
  const session = useSession()
  return () => {
    const dark = document.documentElement.dataset.theme === 'dark'
    const next = dark ? 'light' : 'dark'
    if (currentTheme() !== next) session.update({ theme: next }).catch(() => undefined)
  }
}

export function useShellCommands(): void {
  const { t } = useI18n()
  const router = useRouter()
  const session = useSession()
  const layout = useLayout()
  const views = useViews()
  const setPresence = usePresence()
  const switchTheme = useThemeSwitch()
  const inside = () => session.state === 'in'

  async function undo(): Promise<void> {
    const entry = await undoLast()
    toast(entry ? t('undo.done', { what: entry.label }) : t('undo.nothing'))
  }

  const go = (id: string, keys: string[], to: string, when = inside): Command =>
    ({ id: `go.${id}`, group: 'go', keys, when, run: () => void router.push(to) })

  useCommand(
    { id: 'palette', group: 'general', keys: ['mod+k'], when: inside, run: () => (layout.palette = 'commands') },
    { id: 'help', group: 'general', keys: ['?'], when: inside, run: () => (layout.palette = 'help') },
    { id: 'search', group: 'general', keys: ['/'], when: inside, run: () => void router.push('/search') },
    { id: 'theme', group: 'general', when: inside, run: switchTheme },
    { id: 'undo', group: 'general', keys: ['z'], when: inside, run: () => void undo() },
    { id: 'work', group: 'general', when: inside, run: () => void showWork().catch(() => undefined) },
    { id: 'signOut', group: 'general', when: inside, run: () => void session.signOut().catch(() => undefined) },
    { id: 'compose.new', group: 'compose', keys: ['c'], when: () => inside() && session.can('tickets:create'), run: () => void router.push('/new') },
    go('inbox', ['g i'], '/inbox/mine'),
    go('search', ['g s'], '/search'),
    go('customers', ['g c'], '/customers'),
    go('knowledge', ['g k'], '/knowledge', () => inside() && session.can('articles:read')),
    go('floor', ['g w'], '/floor', () => inside() && session.can('routing:read')),
    go('mail', ['g m'], '/mail', () => inside() && session.can('ledger:read')),
    go('settings', ['g t'], '/settings', () => inside() && settingsFor(session.can).length > 0),
    go('preferences', ['g p'], '/preferences'),
    ...STATES.map((state): Command => ({
      id: `presence.${state}`, group: 'general', when: () => inside() && session.presence !== state,
      run: () => void setPresence(state),
    })),
  )
  useViewCommands(views, (key) => void router.push(`/inbox/${key}`), inside)
  watch(() => layout.palette, (now, before) => {
    if (before === 'closed') expectPalette()
    if (now === 'closed') paletteArrived()
  }, { flush: 'sync' })
  onScopeDispose(() => (layout.palette = 'closed'))
}

/** `g 1` to `g 9`: the views in the order of the column. */
function useViewCommands(views: ReturnType<typeof useViews>, openView: (key: string) => void, when: () => boolean): void {
  const { t } = useI18n()
  const numbered = computed(() => views.views.slice(0, 9))
  for (let n = 1; n <= 9; n++) {
    useCommand({
      id: `go.view.${n}`, group: 'go', keys: [`g ${n}`],
      title: () => t('commands.go.view', { n, name: views.label(numbered.value[n - 1]?.key ?? 'mine') }),
      when: () => when() && numbered.value.length >= n,
      run: () => {
        const view = numbered.value[n - 1]
        if (view) openView(view.key)
      },
    })
  }
}
