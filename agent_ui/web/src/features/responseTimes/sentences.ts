/** What the server may say about response times; see `shared/problemWords.ts`. A test reads the server's sources. */
import { teach } from '@/shared/problemWords'

teach([
  [/^A name of at most (\d+) letters is needed\.$/, 'sla.wrong.name', ['n']],
  [/^One of .+, or none\.$/, 'problem.notOffered'],
  [/^Promise the first answer, the solution, or both\.$/, 'sla.wrong.targets'],
  [/^There are no such opening hours\.$/, 'sla.wrong.hours'],
  [/^There is a policy for these requests already\. Change that one\.$/, 'sla.wrong.taken'],
  [/^There is no such policy\.$/, 'sla.wrong.gone'],
  [/^Somebody changed this policy in the meantime\.$/, 'problem.stale'],
])
