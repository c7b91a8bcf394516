/**
 * Articles are stored as Markdown; the editor shows them as a document. What the editor cannot hold without changing
 * it (own HTML, footnotes) is found by {@link isFaithful}: such an article is edited as source.
 */
import type { AnyExtension, JSONContent } from '@tiptap/core'
import Image from '@tiptap/extension-image'
import Link from '@tiptap/extension-link'
import { TaskItem, TaskList } from '@tiptap/extension-list'
import { Table, TableCell, TableHeader, TableRow } from '@tiptap/extension-table'
import { MarkdownManager } from '@tiptap/markdown'
import StarterKit from '@tiptap/starter-kit'
import { Marked, type marked } from 'marked'
import { Callout, Folded } from './blocks'

/** The library forgets to mask the line that divides cells when it stands inside one. */
const ArticleTable = Table.extend({
  renderMarkdown(node, helpers) {
    const rows = (node.content ?? []).map((row) =>
      (row.content ?? []).map((cell) => {
        const words = (cell.content ?? []).map((block) => helpers.renderChildren(block.content ?? [])).join(' ')
        return words.replace(/\s*\n\s*/g, ' ').replace(/(?<!\\)\|/g, '\\|').trim()
      }),
    )
    const [head = [], ...body] = rows
    const line = (cells: string[]) => `| ${head.map((_, place) => cells[place] ?? '').join(' | ')} |`
    return [line(head), `|${' --- |'.repeat(head.length)}`, ...body.map(line)].join('\n')
  },
})

/** The parts of a document, without anything that needs a page. */
export function articleParts(): AnyExtension[] {
  return [
    StarterKit.configure({ heading: { levels: [2, 3, 4] }, underline: false, link: false }),
    Link.configure({ openOnClick: false, defaultProtocol: 'https', protocols: ['article'], isAllowedUri: isAddress }),
    ArticleTable.configure({ resizable: false }),
    TableRow,
    TableHeader,
    TableCell,
    Image.configure({ inline: true }),
    TaskList,
    TaskItem.configure({ nested: true }),
    Callout,
    Folded,
  ]
}

/** Addresses that an article may name: the web, mail, telephones, files and articles of ours. */
export function isAddress(address: string): boolean {
  return /^(?:https?:|mailto:|tel:|article:\d+|\/|#)/i.test(address)
}

// The manager teaches the parser our blocks, so it gets one of its own and not the page's.
const manager = new MarkdownManager({ marked: new Marked({ gfm: true }) as unknown as typeof marked, extensions: articleParts() })

export function toDocument(source: string): JSONContent {
  const parsed = manager.parse(source.replace(/\r\n?/g, '\n'))
  const content = parsed.content ?? []
  return { type: 'doc', content: content.length > 0 ? content : [{ type: 'paragraph' }] }
}

export function toMarkdown(document: JSONContent): string {
  const written = manager
    .serialize(document)
    .replace(/[ \t]+$/gm, (blanks) => (blanks === '  ' ? blanks : ''))
    .replace(BARE, (all, words: string, address: string) => (plain(words) === address ? address : all))
  return written.trim() === '' ? '' : `${written.trim()}\n`
}

/** Whether the editor gives a text back with all that it says: every letter, mark, address and block. */
export function isFaithful(source: string): boolean {
  if (FOREIGN.test(withoutCode(source))) return false
  const once = toMarkdown(toDocument(source))
  return toMarkdown(toDocument(once)) === once && lettersOf(once) === lettersOf(source)
}

/** A bare address stays bare: alone in a paragraph it is a film on the reader's page. */
const BARE = /\[(https?:[^\]\s]+)\]\((https?:[^)\s]+)\)/g

const FOREIGN = /^#\s|^#{5,6}\s|^\[\^[^\]]+\]:|<(?!\/?(?:details|summary)>)\/?[a-z][^>]*>|^\[[^\]]+\]:\s/im

function withoutCode(source: string): string {
  return source.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '')
}

/** All that is not a sign of Markdown's, which may be written in several ways. */
function lettersOf(source: string): string {
  return plain(source).replace(/[\s*_\-+>|:`~#=.)\d\\]+/gu, '')
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&' }

/** Without the masks that Markdown puts before its own signs. */
function plain(words: string): string {
  return words.replace(/&(lt|gt|amp|nbsp);/g, (_all, name: string) => ENTITIES[name] ?? '').replace(/\\(?=[^\p{L}\p{N}\s])/gu, '')
}
