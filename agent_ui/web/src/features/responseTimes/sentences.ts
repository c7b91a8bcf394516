/** What the server may say about response times; see `shared/problemWords.ts`. A test reads the server's sources. */
import { teach } from '@/shared/problemWords'

teach([
  [/^A name of at most (\d+) letters is needed\.$/, 'policies.wrong.name', ['n']],
  [/^One of .+, or none\.$/, 'problem.notOffered'],
  [/^Promise at least one of these times\.$/, 'policies.wrong.targets'],
  [/^Promise a minute at least, and at most (\d+) days\.$/, 'policies.wrong.length', ['n']],
  [/^At most (\d+) warnings, at 1 to 99 percent of the time\.$/, 'policies.wrong.warnings', ['n']],
  [/^A tier of at most (\d+) letters, without a comma or colon\.$/, 'policies.wrong.tier', ['n']],
  [/^There is no such (?:team|queue)\.$/, 'policies.wrong.place'],
  [/^There are no such opening hours\.$/, 'policies.wrong.hours'],
  [/^There is a policy for these requests already\. Change that one\.$/, 'policies.wrong.taken'],
  [/^There is no such policy\.$/, 'policies.wrong.gone'],
  [/^Somebody changed this policy in the meantime\.$/, 'problem.stale'],
])
