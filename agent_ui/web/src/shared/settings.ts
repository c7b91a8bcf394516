/** The pages of the settings by section, with the permission that each one asks for. */
export type SettingsSection = 'channels' | 'helpCentre' | 'team' | 'promises' | 'automation' | 'products' | 'data'

export interface SettingsPage {
  key: 'brands' | 'topics' | 'portal' | 'hours' | 'words' | 'satisfaction' | 'widgets' | 'mailboxes' | 'blocked' | 'automatic' | 'products' | 'warranty' | 'claims' | 'recalls' | 'keys' | 'people' | 'wishes' | 'responseTimes' | 'staffing' | 'queues' | 'skills' | 'kinds' | 'breaks' | 'rules' | 'macros' | 'webhooks'
  section: SettingsSection
  to: string
  permission: string
}

export const SETTINGS_PAGES: readonly SettingsPage[] = [
  { key: 'mailboxes', section: 'channels', to: '/settings/mailboxes', permission: 'mailboxes:manage' },
  { key: 'blocked', section: 'channels', to: '/settings/blocked-senders', permission: 'senders:block' },
  { key: 'automatic', section: 'channels', to: '/settings/automatic-mail', permission: 'ledger:read' },
  { key: 'widgets', section: 'channels', to: '/settings/widgets', permission: 'widgets:manage' },
  { key: 'brands', section: 'helpCentre', to: '/settings/brands', permission: 'portal:manage' },
  { key: 'topics', section: 'helpCentre', to: '/settings/request-topics', permission: 'portal:manage' },
  { key: 'portal', section: 'helpCentre', to: '/settings/portal', permission: 'portal:manage' },
  { key: 'words', section: 'helpCentre', to: '/settings/search-words', permission: 'search:manage' },
  { key: 'people', section: 'team', to: '/settings/people', permission: 'staff:manage' },
  { key: 'queues', section: 'team', to: '/settings/queues', permission: 'routing:manage' },
  { key: 'skills', section: 'team', to: '/settings/skills', permission: 'routing:manage' },
  { key: 'kinds', section: 'team', to: '/settings/kinds-of-work', permission: 'routing:manage' },
  { key: 'breaks', section: 'team', to: '/settings/breaks', permission: 'routing:manage' },
  { key: 'hours', section: 'promises', to: '/settings/opening-hours', permission: 'hours:manage' },
  { key: 'responseTimes', section: 'promises', to: '/settings/response-times', permission: 'sla:manage' },
  { key: 'rules', section: 'automation', to: '/settings/rules', permission: 'rules:manage' },
  { key: 'macros', section: 'automation', to: '/settings/macros', permission: 'macros:manage' },
  { key: 'webhooks', section: 'automation', to: '/settings/webhooks', permission: 'webhooks:manage' },
  { key: 'products', section: 'products', to: '/settings/products', permission: 'products:manage' },
  { key: 'warranty', section: 'products', to: '/settings/warranty-rules', permission: 'products:manage' },
  { key: 'claims', section: 'products', to: '/settings/claims', permission: 'claims:decide' },
  { key: 'recalls', section: 'products', to: '/settings/recalls', permission: 'recalls:manage' },
  { key: 'satisfaction', section: 'data', to: '/settings/satisfaction', permission: 'reports:read' },
  { key: 'staffing', section: 'data', to: '/settings/staffing', permission: 'staffing:plan' },
  { key: 'wishes', section: 'data', to: '/settings/data-requests', permission: 'customers:privacy' },
  { key: 'keys', section: 'data', to: '/settings/api-keys', permission: 'keys:manage' },
]

/** Those that somebody may open. */
export const settingsFor = (can: (permission: string) => boolean): SettingsPage[] =>
  SETTINGS_PAGES.filter((page) => can(page.permission))

/** The same by section, in the order of the list. */
export function settingsBySection(pages: readonly SettingsPage[]): { section: SettingsSection; pages: SettingsPage[] }[] {
  const sections = [...new Set(pages.map((page) => page.section))]
  return sections.map((section) => ({ section, pages: pages.filter((page) => page.section === section) }))
}

/** The page of an address of the settings. */
export const settingsAt = (path: string): SettingsPage | undefined => SETTINGS_PAGES.find((page) => path === page.to || path.startsWith(`${page.to}/`))
