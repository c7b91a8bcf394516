/** What the server may say about routing's settings; see `shared/problemWords.ts`. A test reads the server's sources. */
import { teach } from '@/shared/problemWords'

teach([
  [/^A name of at most (\d+) letters is needed\.$/, 'routing.wrong.name', ['n']],
  [/^There is a reason of this name already\.$/, 'routing.wrong.taken'],
  [/^At most (\d+) reasons have room\.$/, 'routing.wrong.full', ['n']],
  [/^There is no such (?:reason|wallboard|queue|skill|agent|kind of work|agent at work here)\.$/, 'routing.wrong.gone'],
  [/^A (?:queue|skill)'s name has 1 to (\d+) characters\.$/, 'routing.wrong.letters', ['n']],
  [/^The members of a team need a team\.$/, 'routing.wrong.teamNeeded'],
  [/^There are no such hours\.$/, 'routing.wrong.noHours'],
  [/^A queue has at most (\d+) rings\.$/, 'routing.wrong.ringsMany', ['n']],
  [/^A ring asks other queues, and only such as there are\.$/, 'routing.wrong.ringQueues'],
  [/^A ring is reached after some seconds, and lowers levels by 0 to 4\.$/, 'routing.wrong.ringSteps'],
  [/^A level is (\d+) to (\d+)\.$/, 'routing.wrong.level', ['from', 'to']],
  [/^Each skill stands here once, and only such as there are\.$/, 'routing.wrong.once'],
  [/^Work is left in this queue; move it first\.$/, 'routing.wrong.left'],
  [/^A policy of response times is for this queue; change that first\.$/, 'routing.wrong.policy'],
  [/^A ring of another queue asks this one; change that first\.$/, 'routing.wrong.asked'],
  [/^Another skill has this name\.$/, 'routing.wrong.skillTaken'],
  [/^A queue or open work needs this skill; change that first\.$/, 'routing.wrong.skillUsed'],
  [/^Somebody changed this queue in the meantime\.$/, 'problem.stale'],
])
