/** Pictures of an article: its text names them `/kb/files/3`, the browser is shown the signed address of the file. */
import Image from '@tiptap/extension-image'

export const ARTICLE_FILE = /^\/kb\/files\/(\d+)$/

/** An image whose address in the page is looked up when it is drawn, so that the text keeps the lasting name. */
export function articleImage(addressOf: (fileId: number) => string | undefined) {
  return Image.extend({
    addNodeView() {
      return ({ node }) => {
        const dom = document.createElement('img')
        const draw = (attrs: Record<string, unknown>) => {
          const source = String(attrs.src ?? '')
          const id = Number(ARTICLE_FILE.exec(source)?.[1])
          // pictures from elsewhere would tell their server who writes here
          const address = id ? addressOf(id) : undefined
          if (address) dom.src = address
          else dom.removeAttribute('src')
          dom.alt = String(attrs.alt ?? '')
          dom.title = dom.alt || source
        }
        draw(node.attrs)
        return {
          dom,
          update: (next) => {
            if (next.type !== node.type) return false
            draw(next.attrs)
            return true
          },
        }
      }
    },
  }).configure({ inline: true })
}
