/** What the server may say about words of the search; see `shared/problemWords.ts`. A test reads the server's sources. */
import { teach } from '@/shared/problemWords'

teach([
  [/^Two to (\d+) different words are needed\.$/, 'words.wrong.different', ['n']],
  [/^Each is one to (\d+) words\.$/, 'words.wrong.long', ['n']],
  [/^One word is needed\.$/, 'words.wrong.one'],
  [/^There is no such group of synonyms\.$/, 'words.wrong.gone'],
  [/^This is no stop word\.$/, 'words.wrong.notStop'],
])
