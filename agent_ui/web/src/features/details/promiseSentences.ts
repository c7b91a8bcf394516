/** What the server may say about promises; see `shared/problemWords.ts`. */
import { teach } from '@/shared/problemWords'

teach([
  [/^Say what is promised, in at most (\d+) letters\.$/, 'promise.wrong.text', ['n']],
  [/^Choose a moment within the next year\.$/, 'promise.wrong.when'],
  [/^This promise is settled already\.$/, 'promise.wrong.settled'],
  [/^There is no such promise\.$/, 'promise.wrong.settled'],
])
