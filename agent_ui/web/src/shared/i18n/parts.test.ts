import { describe, expect, it } from 'vitest'
import en from './en.json'
import { i18n, setLocale, tr, withWords } from './index'
import { PARTS } from './parts'

/** Sources that may speak a part's words: what is loaded by `withWords` for it, and titles that are asked for later. */
const OFFICE = /^\/src\/(features\/(choices|hours|ledger|mailboxes|people|portal|privacy|products|responseTimes|rules|satisfaction|staffing|widgets|words)|pages\/settings|pages\/LedgerPage|shared\/form\/|shared\/ui\/LoadFailure|features\/shell\/notices)/
const SPEAKERS: Record<keyof typeof PARTS, RegExp> = {
  desk: new RegExp(`${OFFICE.source}|^/src/(features/(timeline|composer|details|ticket|customers|search|prefs|palette|auth|knowledge|shell/shellCommands|routing)|pages/knowledge/|pages/(Search|Customers?|Preferences|SignIn|NewConversation)Page|pages/inbox/TicketPane|shared/(sending/|editor/|commands\\.ts|promises\\.ts|serverWords\\.ts|ui/CopyLine|ui/CoverBadge))`),
  office: new RegExp(`${OFFICE.source}|^/src/(features/(floor|offers|prefs|routing)|pages/(floor|PreferencesPage))`),
  routing: /^\/src\/(features\/(floor|offers|routing)|pages\/(floor|settings)|features\/details\/RoutingReason)/,
  rules: /^\/src\/(features\/rules|features\/ticket\/ApplyMacro|features\/composer\/MacroActions|shared\/ruleNames|pages\/settings\/(Rule|Macro|Webhook))/,
  choices: /^\/src\/(features\/(choices|hours|responseTimes|satisfaction|staffing|words)|pages\/settings\/(PortalChoices|Hours|ResponseTimes|Schedule|SearchWords|Satisfaction|Staffing)Page)/,
  widget: /^\/src\/(features\/widgets|pages\/settings\/Widget)/,
  portal: /^\/src\/(features\/portal|pages\/settings\/(Brand|Topic)|shared\/form\/WordsTabs)/,
  knowledge: /^\/src\/(features\/knowledge|pages\/knowledge\/)/,
  products: /^\/src\/(features\/products|pages\/settings)/,
}
const sources = import.meta.glob<string>(['/src/**/*.vue', '/src/**/*.ts', '!/src/**/*.test.ts'], { query: '?raw', import: 'default', eager: true })

describe.each(Object.entries(PARTS) as [keyof typeof PARTS, readonly string[]][])('part %s', (part, sections) => {
  it('is of sections that there are', () => {
    expect(sections.filter((name) => !(name in en))).toEqual([])
  })
  it('is spoken only where it is loaded', () => {
    const spoken = new RegExp(`\\bt?r?\\(\\s*['"\`](${sections.join('|')})\\.`)
    const strangers = Object.entries(sources).filter(([file, text]) => spoken.test(text) && !SPEAKERS[part].test(file))
    expect(strangers.map(([file]) => file)).toEqual([])
  })
})

it('brings the words with the page, in the language of the page and the next one', async () => {
  expect(i18n.global.te('ledger.items', 'en')).toBe(false)
  await setLocale('hi')
  expect(await withWords(Promise.resolve('page'), 'office')).toBe('page')
  expect([i18n.global.te('ledger.items', 'en'), i18n.global.te('ledger.items', 'hi')]).toEqual([true, true])
  await setLocale('mr')
  expect(tr('settings.title')).not.toBe(en.settings.title)
  await setLocale('en')
})
