/** The pages of the settings, with the permission that each one asks for. */
export interface SettingsPage {
  key: 'widgets' | 'mailboxes' | 'blocked' | 'automatic'
  to: string
  permission: string
}

export const SETTINGS_PAGES: readonly SettingsPage[] = [
  { key: 'mailboxes', to: '/settings/mailboxes', permission: 'mailboxes:manage' },
  { key: 'widgets', to: '/settings/widgets', permission: 'widgets:manage' },
  { key: 'blocked', to: '/settings/blocked-senders', permission: 'senders:block' },
  { key: 'automatic', to: '/settings/automatic-mail', permission: 'ledger:read' },
]

/** Those that somebody may open. */
export const settingsFor = (can: (permission: string) => boolean): SettingsPage[] =>
  SETTINGS_PAGES.filter((page) => can(page.permission))
