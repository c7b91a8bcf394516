/** What the tool bar of the article editor can do: one list for buttons, menus and their state. */
import type { Editor } from '@tiptap/core'
import {
  Bold, Code, Heading2, Heading3, Italic, List, ListChecks, ListOrdered, Minus, SquareCode, Strikethrough, TextQuote,
} from '@lucide/vue'
import type { Component } from 'vue'
import { CALLOUTS, type CalloutKind } from './blocks'

export interface Tool {
  key: string
  icon: Component
  isOn: (editor: Editor) => boolean
  run: (editor: Editor) => void
}

export const TOOLS: readonly Tool[] = [
  { key: 'heading2', icon: Heading2, isOn: (e) => e.isActive('heading', { level: 2 }), run: (e) => e.chain().focus().toggleHeading({ level: 2 }).run() },
  { key: 'heading3', icon: Heading3, isOn: (e) => e.isActive('heading', { level: 3 }), run: (e) => e.chain().focus().toggleHeading({ level: 3 }).run() },
  { key: 'bold', icon: Bold, isOn: (e) => e.isActive('bold'), run: (e) => e.chain().focus().toggleBold().run() },
  { key: 'italic', icon: Italic, isOn: (e) => e.isActive('italic'), run: (e) => e.chain().focus().toggleItalic().run() },
  { key: 'strike', icon: Strikethrough, isOn: (e) => e.isActive('strike'), run: (e) => e.chain().focus().toggleStrike().run() },
  { key: 'code', icon: Code, isOn: (e) => e.isActive('code'), run: (e) => e.chain().focus().toggleCode().run() },
  { key: 'bulletList', icon: List, isOn: (e) => e.isActive('bulletList'), run: (e) => e.chain().focus().toggleBulletList().run() },
  { key: 'orderedList', icon: ListOrdered, isOn: (e) => e.isActive('orderedList'), run: (e) => e.chain().focus().toggleOrderedList().run() },
  { key: 'taskList', icon: ListChecks, isOn: (e) => e.isActive('taskList'), run: (e) => e.chain().focus().toggleTaskList().run() },
  { key: 'blockquote', icon: TextQuote, isOn: (e) => e.isActive('blockquote'), run: (e) => e.chain().focus().toggleBlockquote().run() },
  { key: 'codeBlock', icon: SquareCode, isOn: (e) => e.isActive('codeBlock'), run: (e) => e.chain().focus().toggleCodeBlock().run() },
  { key: 'rule', icon: Minus, isOn: () => false, run: (e) => e.chain().focus().setHorizontalRule().run() },
]

/** Makes the place of the caret a callout, changes its kind, or takes the frame away. */
export function setCallout(editor: Editor, kind: CalloutKind): void {
  if (editor.isActive('callout', { kind })) editor.chain().focus().lift('callout').run()
  else if (editor.isActive('callout')) editor.chain().focus().updateAttributes('callout', { kind }).run()
  else editor.chain().focus().wrapIn('callout', { kind }).run()
}

export function setFolded(editor: Editor, title: string): void {
  if (editor.isActive('folded')) editor.chain().focus().updateAttributes('folded', { title }).run()
  else editor.chain().focus().wrapIn('folded', { title }).run()
}

export type TableStep = 'insert' | 'rowBelow' | 'rowAbove' | 'columnAfter' | 'columnBefore' | 'removeRow' | 'removeColumn' | 'remove'

export function changeTable(editor: Editor, step: TableStep): void {
  const chain = editor.chain().focus()
  const steps: Record<TableStep, () => { run: () => boolean }> = {
    insert: () => chain.insertTable({ rows: 3, cols: 2, withHeaderRow: true }),
    rowBelow: () => chain.addRowAfter(),
    rowAbove: () => chain.addRowBefore(),
    columnAfter: () => chain.addColumnAfter(),
    columnBefore: () => chain.addColumnBefore(),
    removeRow: () => chain.deleteRow(),
    removeColumn: () => chain.deleteColumn(),
    remove: () => chain.deleteTable(),
  }
  steps[step]().run()
}

export { CALLOUTS }
