/** What the server may say about rules, macros and webhooks; see `shared/problemWords.ts`. */
import { teach } from '@/shared/problemWords'

teach([
  [/^A name of at most (\d+) letters is needed\.$/, 'rules.wrong.name', ['n']],
  [/^There is a (?:rule|macro|webhook) called (.+) already\.$/, 'rules.wrong.taken', ['name']],
  [/^Choose what the rule looks at\.$/, 'rules.wrong.trigger'],
  [/^Say how much time has to pass\.$/, 'rules.wrong.minutes'],
  [/^1 to (\d+) actions\.$/, 'rules.wrong.actions', ['n']],
  [/^Write something first\.$/, 'rules.wrong.text'],
  [/^Write what it is compared with\.$/, 'rules.wrong.value'],
  [/^Name a tag\.$/, 'rules.wrong.tag'],
  [/^Choose one\.$/, 'rules.wrong.choose'],
  [/^A subject is needed\.$/, 'rules.wrong.subject'],
  [/^Write a text, or choose what it does\.$/, 'rules.wrong.macro'],
  [/^It is named by (.+)\. Change them first\.$/, 'rules.wrong.inUse', ['names']],
  [/^An address such as https:\/\/example\.org\/hook is needed\.$/, 'rules.wrong.url'],
  [/^This address is in a network that this desk may not connect to\.$/, 'rules.wrong.network'],
  [/^Somebody changed this (?:rule|webhook) in the meantime\.$/, 'problem.stale'],
])
