/** What the server may say about routing's settings; see `shared/problemWords.ts`. A test reads the server's sources. */
import { teach } from '@/shared/problemWords'

teach([
  [/^A name of at most (\d+) letters is needed\.$/, 'routing.wrong.name', ['n']],
  [/^There is a reason of this name already\.$/, 'routing.wrong.taken'],
  [/^At most (\d+) reasons have room\.$/, 'routing.wrong.full', ['n']],
  [/^There is no such (?:reason|wallboard)\.$/, 'routing.wrong.gone'],
])
