/** What can be put in while typing: canned replies after "/", colleagues after "@" in a note. */
import type { MentionNodeAttrs } from '@tiptap/extension-mention'
import { PluginKey } from '@tiptap/pm/state'
import type { SuggestionOptions } from '@tiptap/suggestion'
import type { AgentBrief, Macro } from '@/shared/api/types'
import { tr } from '@/shared/i18n'
import { plainText } from '@/shared/sending/outgoing'
import { fold } from '@/shared/text'
import { endMacro } from './macroKey'
import { suggestRenderer, type SuggestOption } from './suggestPopup'

export interface SuggestSources {
  macros(): readonly Macro[] | Promise<readonly Macro[]>
  /** A canned reply was put in. */
  macroUsed?(id: number): void
  agents(): readonly AgentBrief[]
  /** Colleagues are named in notes only: a customer would read the name in a reply. */
  mentionsAllowed(): boolean
}

interface MacroOption extends SuggestOption {
  html: string
}

const SHOWN = 8

/** Names that begin with what was typed first, then those that contain it. */
export function matching<T extends { name: string }>(entries: readonly T[], typed: string): T[] {
  const wanted = fold(typed)
  const begins = entries.filter((entry) => fold(entry.name).startsWith(wanted))
  const contains = entries.filter((entry) => !begins.includes(entry) && fold(entry.name).includes(wanted))
  return [...begins, ...contains].slice(0, SHOWN)
}

export function macroSuggestion(sources: SuggestSources): Omit<SuggestionOptions<MacroOption, MacroOption>, 'editor'> {
  return {
    char: '/',
    pluginKey: new PluginKey('macros'),
    items: async ({ query }) =>
      matching(await sources.macros(), query).map((macro) => ({
        id: String(macro.id),
        label: macro.name,
        hint: macro.missing?.length ? tr('composer.macroMissing', { names: macro.missing.join(', ') }) : plainText(macro.html),
        html: macro.html,
      })),
    command: ({ editor, range, props }) => {
      editor.chain().focus().deleteRange(range).insertContent(props.html).run()
      sources.macroUsed?.(Number(props.id))
    },
    render: suggestRenderer(() => tr('composer.macros'), () => tr('composer.noMacro'), endMacro),
  }
}

export function mentionSuggestion(sources: SuggestSources): Omit<SuggestionOptions<SuggestOption, MentionNodeAttrs>, 'editor'> {
  return {
    char: '@',
    pluginKey: new PluginKey('mentions'),
    allow: () => sources.mentionsAllowed(),
    items: ({ query }) =>
      matching(sources.agents(), query).map((agent) => ({
        id: String(agent.id),
        label: agent.name,
        hint: tr(`presence.${agent.presence}`),
      })),
    render: suggestRenderer(() => tr('composer.mention'), () => tr('composer.noColleague')),
  }
}
