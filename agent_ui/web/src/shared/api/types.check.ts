/**
 * Fails the type check where `types.ts` and the server's published description (`schema.d.ts`) drift apart.
 *
 * The description knows plain strings where the console knows the words that may stand there, so both sides are
 * widened first. What the server sends must fit what the console reads; what the console sends must fit what it takes.
 */
import type { components } from './schema'
import type * as auto from './automation'
import type * as chat from './chat'
import type * as mail from './mail'
import type * as portal from './portal'
import type * as own from './types'
import type * as times from './responseTimes'
import type * as work from './work'

type Schema = components['schemas']

type Widen<T> = T extends string ? string
  : T extends number ? number
    : T extends boolean ? boolean
      : T extends null | undefined ? T
        : T extends (infer U)[] ? Widen<U>[]
          : T extends object ? { [K in keyof T]: Widen<T[K]> } : T

type Fits<From, To> = [Widen<From>] extends [Widen<To>] ? true : { sent: Widen<From>; expected: Widen<To> }
type All<T extends Record<string, true>> = T

/** Server → console. */
export type Read = All<{
  session: Fits<Schema['SessionView'], own.SessionView>
  agent: Fits<Schema['AgentView'], own.AgentView>
  colleague: Fits<Schema['AgentBrief'], own.AgentBrief>
  team: Fits<Schema['TeamView'], own.TeamView>
  view: Fits<Schema['ViewCount'], own.ViewView>
  clock: Fits<Schema['ShownClock'], times.TicketClock>
  policy: Fits<Schema['ResponsePolicyView'], times.ResponsePolicy>
  kept: Fits<Schema['KeptReport'], times.KeptReport>
  promise: Fits<Schema['ShownPromise'], times.TicketPromise>
  row: Fits<Schema['TicketRow'], own.TicketRow>
  message: Fits<Schema['MessageItem'], own.MessageItem>
  note: Fits<Schema['NoteItem'], own.NoteItem>
  event: Fits<Schema['EventItem'], own.EventItem>
  draft: Fits<Schema['DraftItem'], own.DraftView>
  customer: Fits<Schema['CustomerView'], own.CustomerView>
  brief: Fits<Schema['CustomerBrief'], own.CustomerBrief>
  decision: Fits<Schema['DecisionView'], work.Decision>
  macro: Fits<Schema['MacroView'], own.Macro>
  ledger: Fits<Schema['LedgerRow'], mail.LedgerItem>
  standing: Fits<Schema['MailboxStanding'], mail.LedgerMailbox>
  banner: Fits<Schema['BannerView'], mail.Banner>
  mailbox: Fits<Schema['MailboxView'], mail.MailboxView>
  preset: Fits<Schema['PresetView'], mail.ProviderPreset>
  trial: Fits<Schema['TrialView'], mail.TestResult>
  count: Fits<Schema['CountView'], mail.CountResult>
  blocked: Fits<Schema['ledger_BlockedView'], mail.BlockedSender>
  automatic: Fits<Schema['AutomaticMailView'], mail.AutomaticMail>
  chat: Fits<Schema['ChatView'], chat.ChatView>
  visitor: Fits<Schema['PresentVisitor'], chat.PresentVisitor>
  widget: Fits<Schema['WidgetView'], chat.WidgetView>
  secret: Fits<Schema['SecretView'], chat.WidgetSecret>
  brand: Fits<Schema['BrandView'], portal.Brand>
  topic: Fits<Schema['RequestTopicView'], portal.Topic>
  job: Fits<Schema['HeldJobView'], work.HeldJob>
  catalogue: Fits<Schema['CatalogueView'], auto.Catalogue>
  webhook: Fits<Schema['ShownWebhook'], auto.Webhook>
  told: Fits<Schema['Delivery'], auto.WebhookDelivery>
}>

/** Console → server. */
export type Written = All<{
  reply: Fits<own.ReplyInput, Schema['ReplyInput']>
  note: Fits<own.NoteInput, Schema['NoteInput']>
  change: Fits<own.TicketPatch, Schema['TicketChangeInput']>
  ticket: Fits<own.NewTicketInput, Schema['NewTicketInput']>
  profile: Fits<own.ProfilePatch, Schema['PreferencesInput']>
  customer: Fits<own.CustomerPatch, Schema['CustomerChangeInput']>
  mailbox: Fits<mail.MailboxInput, Schema['MailboxInput']>
  trial: Fits<mail.TestInput, Schema['TestInput']>
  policy: Fits<times.PolicyInput, Schema['ResponsePolicyInput']>
  webhook: Fits<auto.WebhookInput, Schema['WebhookInput']>
  block: Fits<{ pattern: string; reason: string }, Schema['ledger_BlockInput']>
}>
