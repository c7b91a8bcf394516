/** Colleagues, teams and canned replies: small lists, read once and kept fresh by live events. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api } from '../api/endpoints'
import type { AgentBrief, Macro, PresenceState, TeamView } from '../api/types'

export const useDirectory = defineStore('directory', () => {
  const agents = shallowRef<AgentBrief[]>([])
  const teams = shallowRef<TeamView[]>([])
  const macros = shallowRef<Macro[]>([])
  const loaded = ref(false)

  const agentById = computed(() => new Map(agents.value.map((agent) => [agent.id, agent])))
  const teamById = computed(() => new Map(teams.value.map((team) => [team.id, team])))

  /** Read all lists; failures are left to the next call (the console works without them). */
  async function load(): Promise<void> {
    const [people, groups, texts] = await Promise.allSettled([api.agents(), api.teams(), api.macros()])
    if (people.status === 'fulfilled') agents.value = people.value
    if (groups.status === 'fulfilled') teams.value = groups.value
    if (texts.status === 'fulfilled') macros.value = texts.value
    loaded.value = people.status === 'fulfilled' && groups.status === 'fulfilled'
  }

  function setPresence(agentId: number, state: PresenceState): void {
    agents.value = agents.value.map((a) => (a.id === agentId ? { ...a, presence: state } : a))
  }

  return { agents, teams, macros, loaded, agentById, teamById, load, setPresence }
})
