/** The pages of the settings, with the permission that each one asks for. */
export interface SettingsPage {
  key: 'brands' | 'topics' | 'portal' | 'hours' | 'words' | 'satisfaction' | 'widgets' | 'mailboxes' | 'blocked' | 'automatic' | 'products' | 'warranty' | 'claims' | 'recalls' | 'keys' | 'people' | 'wishes' | 'responseTimes'
  to: string
  permission: string
}

export const SETTINGS_PAGES: readonly SettingsPage[] = [
  { key: 'mailboxes', to: '/settings/mailboxes', permission: 'mailboxes:manage' },
  { key: 'widgets', to: '/settings/widgets', permission: 'widgets:manage' },
  { key: 'brands', to: '/settings/brands', permission: 'portal:manage' },
  { key: 'topics', to: '/settings/request-topics', permission: 'portal:manage' },
  { key: 'portal', to: '/settings/portal', permission: 'portal:manage' },
  { key: 'hours', to: '/settings/opening-hours', permission: 'hours:manage' },
  { key: 'blocked', to: '/settings/blocked-senders', permission: 'senders:block' },
  { key: 'automatic', to: '/settings/automatic-mail', permission: 'ledger:read' },
  { key: 'words', to: '/settings/search-words', permission: 'search:manage' },
  { key: 'satisfaction', to: '/settings/satisfaction', permission: 'reports:read' },
  { key: 'people', to: '/settings/people', permission: 'staff:manage' },
  { key: 'responseTimes', to: '/settings/response-times', permission: 'sla:manage' },
  { key: 'wishes', to: '/settings/data-requests', permission: 'customers:privacy' },
  { key: 'products', to: '/settings/products', permission: 'products:manage' },
  { key: 'warranty', to: '/settings/warranty-rules', permission: 'products:manage' },
  { key: 'claims', to: '/settings/claims', permission: 'claims:decide' },
  { key: 'recalls', to: '/settings/recalls', permission: 'recalls:manage' },
  { key: 'keys', to: '/settings/api-keys', permission: 'keys:manage' },
]

/** Those that somebody may open. */
export const settingsFor = (can: (permission: string) => boolean): SettingsPage[] =>
  SETTINGS_PAGES.filter((page) => can(page.permission))
