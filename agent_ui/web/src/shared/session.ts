/** Who is signed in, what they may do, and their preferences. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { ApiError, setCsrfToken, setUnauthorisedHandler } from './api/client'
import { api } from './api/endpoints'
import type { AgentView, ConsoleSettings, PresenceState, ProfilePatch, SessionView, Standing } from './api/types'
import { singleKeys } from './commands'
import { setLocale } from './i18n'
import { applyTheme, setBrandHue } from './theme'
import { htmlOfText, textOfHtml } from './text'
import { setTimeZone } from './time'

export const useSession = defineStore('session', () => {
  /** "unknown" until the first answer; "out" shows the sign-in page. */
  const state = ref<'unknown' | 'in' | 'out'>('unknown')
  /** True when the session ended under the user's hands: the sign-in page says so. */
  const expired = ref(false)
  /** The signature is lines of text here; on the way to and from the server it is HTML. */
  const agent = shallowRef<AgentView | null>(null)
  const settings = shallowRef<ConsoleSettings>({
    undoSendSeconds: 5, brandHue: 268, productName: 'Sampark', defaultLocale: 'en', demo: false, heartbeatSeconds: 15,
  })
  const permissions = shallowRef<ReadonlySet<string>>(new Set())
  const standing = shallowRef<Standing>({ state: 'offline', since: null, reason: null, source: 'system', setBy: null, until: null })
  const presence = computed(() => standing.value.state)

  /** The user signs out herself: what the server closes now is no surprise to her. */
  let leaving = false

  const me = computed(() => agent.value?.id ?? 0)
  const can = (permission: string) => permissions.value.has(permission)

  async function applyAgent(view: AgentView): Promise<void> {
    agent.value = { ...view, signature: textOfHtml(view.signature) }
    singleKeys.value = view.singleKeys
    applyTheme(view.theme)
    setTimeZone(view.timeZone)
    await setLocale(view.locale)
  }

  async function accept(view: SessionView): Promise<void> {
    setCsrfToken(view.csrfToken)
    settings.value = view.settings
    permissions.value = new Set(view.permissions)
    standing.value = view.agent.presence
    setBrandHue(view.settings.brandHue)
    await applyAgent(view.agent)
    expired.value = false
    state.value = 'in'
  }

  function end(isExpired: boolean): void {
    if (state.value === 'in' && isExpired && !leaving) expired.value = true
    state.value = 'out'
    setCsrfToken('')
  }

  setUnauthorisedHandler(() => end(true))

  /** Ask the server once at the start. Without a connection the answer stays "unknown" and the error goes up. */
  async function load(): Promise<void> {
    try {
      await accept(await api.session.read())
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) end(false)
      else throw error
    }
  }

  async function signIn(email: string, password: string): Promise<void> {
    await accept(await api.session.signIn(email, password))
  }

  async function signOut(everywhere = false): Promise<void> {
    leaving = true
    try {
      await (everywhere ? api.session.signOutEverywhere() : api.session.signOut())
      agent.value = null
      end(false)
    } finally {
      leaving = false
    }
  }

  async function update(change: ProfilePatch): Promise<void> {
    const wire = change.signature === undefined ? change : { ...change, signature: htmlOfText(change.signature) }
    await applyAgent(await api.me.update(wire))
  }

  /** Shown at once. What a supervisor or the server chooses meanwhile is never answered with a choice of one's own. */
  async function setPresence(next: PresenceState, reason: string | null = null): Promise<void> {
    const before = standing.value
    standing.value = { ...before, state: next, reason, source: 'self', setBy: null, until: null }
    try {
      standing.value = await api.me.presence(next, reason)
    } catch (error) {
      standing.value = before
      throw error
    }
  }

  return {
    state, expired, agent, settings, presence, standing, me, can,
    load, signIn, signOut, update, setPresence, end,
  }
})
