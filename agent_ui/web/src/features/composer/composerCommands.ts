/** Keys of the composer: into it, out of it, and sending. */
import { useCommand } from '@/shared/commands'
import type { DraftMode } from '@/shared/drafts'
import type { SendStatus } from '@/shared/sending/send'

export interface ComposerActions {
  begin(mode: DraftMode): void
  send(status: SendStatus): void
  usualStatus(): SendStatus
  /** True while the caret is in the editor. */
  inEditor(): boolean
  leave(): void
  macros(): void
  /** Passes the latest message on. */
  forward(): void
}

export function useComposerCommands(actions: ComposerActions): void {
  useCommand(
    { id: 'compose.reply', group: 'compose', keys: ['r'], run: () => actions.begin('reply') },
    { id: 'compose.note', group: 'compose', keys: ['n'], run: () => actions.begin('note') },
    { id: 'compose.forward', group: 'compose', keys: ['f'], run: () => actions.forward() },
    { id: 'compose.macros', group: 'compose', keys: ['m'], run: () => actions.macros() },
    { id: 'compose.send', group: 'compose', keys: ['mod+enter'], inEditor: true, run: () => actions.send(actions.usualStatus()) },
    { id: 'compose.sendSolved', group: 'compose', keys: ['mod+shift+enter'], inEditor: true, run: () => actions.send('solved') },
    {
      id: 'compose.leave',
      group: 'compose',
      keys: ['escape'],
      inEditor: true,
      hidden: true,
      when: () => actions.inEditor(),
      run: () => actions.leave(),
    },
  )
}
