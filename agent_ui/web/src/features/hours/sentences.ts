/** What the server may say about opening hours; see `shared/problemWords.ts`. A test reads the server's sources. */
import { teach } from '@/shared/problemWords'

teach([
  [/^This is not a time zone, such as Asia\/Kolkata\.$/, 'hours.wrong.timeZone'],
  [/^A name of at most (\d+) letters is needed\.$/, 'hours.wrong.name', ['n']],
  [/^Expected `str` matching regex /, 'hours.wrong.malformed'],
  [/^A window begins on its day, ends after that, and has a day at most\.$/, 'hours.wrong.window'],
  [/^Two windows of a day overlap\.$/, 'hours.wrong.overlap'],
  [/^This day is there already\.$/, 'hours.wrong.dayTwice'],
  [/^At most (\d+) days\.$/, 'hours.wrong.days', ['n']],
  [/^Somebody changed these hours in the meantime\.$/, 'settings.stale'],
  [/^The desk's own hours cannot be taken away\.$/, 'hours.wrong.own'],
  [/^There are no such hours\.$/, 'hours.notFound'],
])
