/** Blocks of articles beyond plain Markdown: callouts and parts that fold, in the editor and in the source. */
import { Node, type JSONContent, type MarkdownToken } from '@tiptap/core'

export const CALLOUTS = ['NOTE', 'TIP', 'IMPORTANT', 'WARNING', 'CAUTION'] as const
export type CalloutKind = (typeof CALLOUTS)[number]

const CALLOUT = /^ {0,3}> ?\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?:\n|$)((?: {0,3}>[^\n]*(?:\n|$))*)/i
const DETAILS = /^<details>\s*<summary>([^\n]*?)<\/summary>[ \t]*\n([\s\S]*?)\n?<\/details>[ \t]*(?:\n+|$)/i

/** `> [!NOTE]` and the quoted lines below it. */
export const Callout = Node.create({
  name: 'callout',
  group: 'block',
  content: 'block+',
  defining: true,
  addAttributes: () => ({ kind: { default: 'NOTE' } }),
  parseHTML: () => [
    {
      tag: 'div[data-callout]',
      getAttrs: (element) => ({ kind: (element as HTMLElement).dataset.callout ?? 'NOTE' }),
    },
  ],
  renderHTML: ({ node }) => ['div', { 'data-callout': node.attrs.kind, class: 'callout' }, 0],
  markdownTokenizer: {
    name: 'callout',
    level: 'block',
    start: (source: string) => source.search(/^ {0,3}> ?\[!/m),
    tokenize(source, _tokens, lexer) {
      const found = CALLOUT.exec(source)
      if (!found) return undefined
      const inside = (found[2] ?? '').replace(/^ {0,3}> ?/gm, '')
      return { type: 'callout', raw: found[0], kind: found[1]!.toUpperCase(), tokens: lexer.blockTokens(inside) }
    },
  },
  parseMarkdown: (token: MarkdownToken, helpers) => ({
    type: 'callout',
    attrs: { kind: String(token.kind) },
    content: filled(helpers.parseBlockChildren?.(token.tokens ?? []) ?? helpers.parseChildren(token.tokens ?? [])),
  }),
  renderMarkdown(node: JSONContent, helpers) {
    const inside = (node.content ?? []).map((child) => helpers.renderChildren([child])).join('\n\n')
    const lines = inside.split('\n').map((line) => `> ${line}`.trimEnd())
    return [`> [!${String(node.attrs?.kind)}]`, ...lines].join('\n')
  },
})

/** `<details><summary>…</summary>`: a part that opens when it is asked for. */
export const Folded = Node.create({
  name: 'folded',
  group: 'block',
  content: 'block+',
  defining: true,
  addAttributes: () => ({ title: { default: '' } }),
  parseHTML: () => [
    {
      tag: 'details',
      getAttrs: (element) => ({ title: (element as HTMLElement).querySelector('summary')?.textContent ?? '' }),
    },
  ],
  renderHTML: ({ node }) => ['div', { class: 'folded', 'data-title': node.attrs.title }, 0],
  markdownTokenizer: {
    name: 'folded',
    level: 'block',
    start: (source: string) => source.search(/^<details>/im),
    tokenize(source, _tokens, lexer) {
      const found = DETAILS.exec(source)
      if (!found) return undefined
      return { type: 'folded', raw: found[0], title: found[1], tokens: lexer.blockTokens((found[2] ?? '').trim()) }
    },
  },
  parseMarkdown: (token: MarkdownToken, helpers) => ({
    type: 'folded',
    attrs: { title: String(token.title ?? '').trim() },
    content: filled(helpers.parseBlockChildren?.(token.tokens ?? []) ?? helpers.parseChildren(token.tokens ?? [])),
  }),
  renderMarkdown(node: JSONContent, helpers) {
    const inside = (node.content ?? []).map((child) => helpers.renderChildren([child])).join('\n\n')
    return `<details>\n<summary>${String(node.attrs?.title ?? '')}</summary>\n\n${inside}\n\n</details>`
  },
})

function filled(content: JSONContent[]): JSONContent[] {
  return content.length > 0 ? content : [{ type: 'paragraph' }]
}
