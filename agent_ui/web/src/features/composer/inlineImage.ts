/** Pictures in the text: files of ours that were uploaded for it. Pictures from elsewhere are not taken over. */
import { mergeAttributes, Node } from '@tiptap/core'

export const InlineImage = Node.create({
  name: 'inlineImage',
  group: 'inline',
  inline: true,
  draggable: true,
  addAttributes: () => ({ src: { default: '' }, alt: { default: '' } }),
  parseHTML: () => [{ tag: 'img[src^="/api/attachments/"]' }],
  renderHTML: ({ HTMLAttributes }) => ['img', mergeAttributes(HTMLAttributes)],
})
