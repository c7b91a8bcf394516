/**
 * Which sections of the catalogues are loaded when: the shell's at once, the others with the pages that speak them.
 *
 * A section that is named here may be used in nothing that is shown before its part is there (`parts.test.ts`).
 */
export const PARTS = {
  /** An open ticket and what is written in it, customers, search, the palette. */
  desk: ['timeline', 'composer', 'details', 'customers', 'search', 'palette', 'commands', 'product', 'sla', 'promise', 'why', 'server'],
  /** The knowledge base. */
  knowledge: ['knowledge'],
  /** Catalogue, warranty rules, claims, recalls, keys. */
  products: ['products'],
  /** The settings of chat widgets. */
  widget: ['widget'],
  /** Brands of the portal, topics of its request form. */
  portal: ['brand', 'topic'],
  /** What the desk chooses for its customers, and how content they are. */
  choices: ['choices', 'hours', 'policies', 'words', 'satisfaction', 'staffing'],
  /** The desk as it is now, and how work is given to people. */
  routing: ['floor', 'wallboard', 'routing', 'offer'],
  /** Rules, macros, webhooks. */
  rules: ['rules'],
  /** Settings, one's own and the desk's, and the mail ledger. */
  office: ['ledger', 'settings', 'prefs', 'mailbox', 'template', 'blocked', 'automatic', 'people', 'wishes'],
} as const

export type Part = keyof typeof PARTS

const partOf = new Map<string, string>(Object.entries(PARTS).flatMap(([part, names]) => names.map((name) => [name, part])))

export const inPart = (section: string, part: string): boolean => (partOf.get(section) ?? 'shell') === part
