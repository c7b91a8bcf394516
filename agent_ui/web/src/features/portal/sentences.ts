/** What the server may say about brands and topics; see `shared/problemWords.ts`. A test reads the server's sources. */
import { teach, type Sentence } from '@/shared/problemWords'

const SENTENCES: readonly Sentence[] = [
  [/^Enter a host such as help\.example\.org, without https:\/\/\.$/, 'brand.wrong.host'],
  [/^The host (.+) has a brand already\.$/, 'brand.wrong.hostTaken', ['host']],
  [/^There is a brand for all other hosts already\.$/, 'brand.wrong.ownTaken'],
  [/^Enter a name of at most (\d+) characters\.$/, 'brand.wrong.name', ['n']],
  [/^The hue is a number of degrees from 0 to 360\.$/, 'brand.wrong.hue'],
  [/^Choose at least one language\.$/, 'brand.wrong.languages'],
  [/^Choose one of the languages that are offered\.$/, 'brand.wrong.defaultLanguage'],
  [/^This is not an e-mail address\.$/, 'brand.wrong.address'],
  [/^At most (\d+) links have room\.$/, 'brand.wrong.links', ['n']],
  [/^A link needs words in at least one language\.$/, 'brand.wrong.linkWords'],
  [/^Enter an address that begins with https:\/\/, or a path\.$/, 'brand.wrong.linkAddress'],
  [/^A logo is a PNG, JPEG, WebP or SVG picture\.$/, 'brand.wrong.logo'],
  [/^There is no such brand\.$/, 'brand.notFound'],
  [/^There is a topic (.+) already\.$/, 'topic.wrong.taken', ['key']],
  [/^A desk has at most (\d+) topics\.$/, 'topic.wrong.tooMany', ['n']],
  [/^There is no (?:such topic|topic .+)\.$/, 'topic.notFound'],
  [/^One topic must stay\.$/, 'topic.wrong.last'],
  [/^The key of a topic stays as it is\.$/, 'topic.wrong.keyStays'],
  [/^A topic needs words in at least one language\.$/, 'topic.wrong.names'],
  [/^The key is made of small letters, digits(, -)? and _, and begins with a letter\.$/, 'topic.wrong.key'],
  [/^The key (.+) is taken by another question\.$/, 'topic.wrong.questionTaken', ['key']],
  [/^A topic has at most (\d+) questions\.$/, 'topic.wrong.questions', ['n']],
  [/^A question needs words in at least one language\.$/, 'topic.wrong.question'],
  [/^Only a choice has answers to choose from\.$/, 'topic.wrong.noChoice'],
  [/^A choice has from 1 to (\d+) answers\.$/, 'topic.wrong.answers', ['n']],
  [/^Each answer needs a key of its own, made of small letters, digits and _\.$/, 'topic.wrong.answerKey'],
  [/^Each answer needs words in at least one language\.$/, 'topic.wrong.answer'],
  [/^The condition must name a question that stands before this one\.$/, 'topic.wrong.conditionGone'],
  [/^The condition must name a choice or a checkbox\.$/, 'topic.wrong.conditionKind'],
  [/^The condition must name answers of that question\.$/, 'topic.wrong.conditionAnswers'],
]

teach(SENTENCES)
