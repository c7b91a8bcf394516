/** A mailbox as its form holds it: flat enough to type into, and the way to the server and back. */
import type {
  ImapInput, MailboxInput, MailboxOptions, MailboxView, OauthInput, ProviderPreset, SignInKind, SmtpInput, TestInput,
} from '@/shared/api/mail'
import { htmlOfText, textOfHtml } from '@/shared/text'

type Server = Omit<ImapInput, 'auth' | 'password'> & { password: string; hasPassword: boolean }
type Outgoing = Omit<SmtpInput, 'auth' | 'password'> & { password: string; hasPassword: boolean }

export interface MailboxForm {
  name: string
  address: string
  aliases: string
  displayName: string
  teamId: number | null
  /** Lines of text; HTML on the way to the server. */
  signature: string
  provider: ProviderPreset['key']
  /** One way to sign in for reading and sending. */
  signIn: SignInKind
  reads: boolean
  sends: boolean
  /** Sending uses the name and password of reading. */
  sameSignIn: boolean
  imap: Server
  smtp: Outgoing
  oauth: OauthInput & { clientSecret: string; hasClientSecret: boolean; connected: boolean }
  options: Omit<MailboxOptions, 'trustedServers'> & { trustedServers: string }
  /** Text of the acknowledgement; HTML on the way to the server. */
  acknowledgement: string
}

const OPTIONS: MailboxOptions = {
  acknowledge: { enabled: false, subject: '', html: '' }, replyToPolicy: 'from', agentAnswers: 'aligned', subjectNumber: false,
  duplicates: 'one', trustedServers: [], silentAfterMinutes: 10, reopenDays: 30, plainText: false,
}

export function emptyForm(): MailboxForm {
  return {
    name: '', address: '', aliases: '', displayName: '', teamId: null, signature: '', provider: 'other', signIn: 'password',
    reads: true, sends: true, sameSignIn: true,
    imap: { host: '', port: 993, user: '', tls: 'tls', folder: 'INBOX', since: null, importAs: 'closed', password: '', hasPassword: false },
    smtp: { host: '', port: 587, user: '', tls: 'starttls', perMinute: 0, verp: null, password: '', hasPassword: false },
    oauth: { provider: 'google', clientId: '', tenant: 'common', authorizeUrl: '', tokenUrl: '', scope: '', secretExpiresOn: null, clientSecret: '', hasClientSecret: false, connected: false },
    options: { ...OPTIONS, acknowledge: { ...OPTIONS.acknowledge }, trustedServers: '' },
    acknowledgement: '',
  }
}

/** Which preset a saved mailbox was made with: that of its servers' names. */
function providerOf(view: MailboxView, presets: readonly ProviderPreset[]): ProviderPreset['key'] {
  const host = view.imap?.host ?? view.smtp?.host
  const found = presets.find((preset) => host && (preset.imap?.host === host || preset.smtp?.host === host))
  return found?.key ?? 'other'
}

export function formOf(view: MailboxView, presets: readonly ProviderPreset[] = []): MailboxForm {
  const form = emptyForm()
  const { imap, smtp, oauth, options } = view
  if (imap) Object.assign(form.imap, pick(imap, Object.keys(form.imap)))
  if (smtp) Object.assign(form.smtp, pick(smtp, Object.keys(form.smtp)))
  if (oauth) Object.assign(form.oauth, pick(oauth, Object.keys(form.oauth)))
  return {
    ...form,
    name: view.name, address: view.address, aliases: view.aliases.join('\n'), displayName: view.displayName, teamId: view.teamId,
    signature: textOfHtml(view.signature), provider: providerOf(view, presets),
    signIn: imap?.auth ?? smtp?.auth ?? 'password', reads: imap !== null, sends: smtp !== null,
    sameSignIn: !imap || !smtp || smtp.user === imap.user || !smtp.user && smtp.auth === 'oauth',
    options: {
      ...OPTIONS, ...options, acknowledge: { ...OPTIONS.acknowledge, ...options.acknowledge }, trustedServers: options.trustedServers.join('\n'),
    },
    acknowledgement: textOfHtml(options.acknowledge.html),
  }
}

const pick = (from: object, keys: readonly string[]) => Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)))

/** What the form knows beside what the server takes. */
function without<T extends object, K extends keyof T>(from: T, ...keys: K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key as K))) as Omit<T, K>
}

/** Words on lines of their own, or with commas between them. */
export const words = (text: string) => text.split(/[\s,;]+/).filter(Boolean)

export function imapInput(form: MailboxForm): ImapInput | null {
  if (!form.reads) return null
  const { password } = form.imap
  const server = without(form.imap, 'password', 'hasPassword')
  return { ...server, user: server.user || form.address, auth: form.signIn, ...(password ? { password } : {}) }
}

export function smtpInput(form: MailboxForm): SmtpInput | null {
  if (!form.sends) return null
  const server = without(form.smtp, 'password', 'hasPassword')
  const shared = form.sameSignIn && form.reads
  const password = shared ? form.imap.password : form.smtp.password
  // a token is somebody's: signing in with one never goes without a name
  const named = form.signIn === 'oauth' ? form.imap.user || form.address : ''
  const user = shared ? form.imap.user || form.address : server.user || named
  return { ...server, user, auth: form.signIn, ...(password ? { password } : {}) }
}

export function oauthInput(form: MailboxForm): OauthInput | null {
  if (form.signIn !== 'oauth') return null
  const { clientSecret } = form.oauth
  return { ...without(form.oauth, 'clientSecret', 'hasClientSecret', 'connected'), ...(clientSecret ? { clientSecret } : {}) }
}

/** `saved` keeps HTML that the lines of this form cannot show as long as nobody changes it. */
export function inputOf(form: MailboxForm, saved: MailboxView | null): MailboxInput {
  const html = (text: string, before: string | undefined) => (before !== undefined && textOfHtml(before) === text ? before : htmlOfText(text))
  const { acknowledge, trustedServers, ...options } = form.options
  return {
    name: form.name.trim(), address: form.address.trim(), aliases: words(form.aliases), displayName: form.displayName.trim(),
    teamId: form.teamId, signature: html(form.signature, saved?.signature),
    imap: imapInput(form), smtp: smtpInput(form), oauth: oauthInput(form),
    options: {
      ...options, trustedServers: words(trustedServers),
      acknowledge: { ...acknowledge, html: html(form.acknowledgement, saved?.options.acknowledge.html) },
    },
  }
}

/** Only what differs from what is saved: two people may change different things of one mailbox. */
export function changesOf(form: MailboxForm, saved: MailboxView): Partial<MailboxInput> {
  const now = inputOf(form, saved)
  const before = inputOf(formOf(saved), saved)
  return Object.fromEntries(Object.entries(now).filter(([key, value]) =>
    JSON.stringify(value) !== JSON.stringify(before[key as keyof MailboxInput])))
}

/** What the connection test tries: as typed; secrets that were not typed are the saved ones. */
export function testInput(form: MailboxForm, id: number | undefined): TestInput {
  const [imap, smtp, oauth] = [imapInput(form), smtpInput(form), oauthInput(form)]
  return { ...(id ? { id } : {}), ...(imap ? { imap } : {}), ...(smtp ? { smtp } : {}), ...(oauth ? { oauth } : {}) }
}

/** Take over what a provider's preset knows; names, passwords and folders stay. */
export function applyPreset(form: MailboxForm, preset: ProviderPreset): void {
  form.provider = preset.key
  if (preset.imap) Object.assign(form.imap, preset.imap)
  if (preset.smtp) Object.assign(form.smtp, preset.smtp)
  // Microsoft takes no passwords any more; elsewhere an app password is the shorter way
  form.signIn = preset.key === 'microsoft' ? 'oauth' : 'password'
  form.oauth.provider = preset.oauth ?? 'custom'
}

/** The usual port of a way to encrypt; one that was chosen by hand is left alone. */
export function portFor(kind: 'imap' | 'smtp', tls: ImapInput['tls'], port: number | null): number {
  const usual = { imap: { tls: 993, starttls: 143, none: 143 }, smtp: { tls: 465, starttls: 587, none: 25 } }[kind]
  return port === null || Object.values(usual).includes(port) ? usual[tls] : port
}
