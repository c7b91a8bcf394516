/** Titles of articles that a report names by number; read once for a page. */
import { shallowRef } from 'vue'
import { kb } from '@/shared/api/knowledge'

const MOST_PAGES = 20

export function useTitles() {
  const titles = shallowRef<ReadonlyMap<number, string>>(new Map())

  async function load(): Promise<void> {
    const found = new Map<number, string>()
    let cursor: string | undefined
    for (let page = 0; page < MOST_PAGES; page++) {
      const { items, next } = await kb.articles.list({ cursor })
      for (const row of items) found.set(row.id, row.title)
      if (!next) break
      cursor = next
    }
    titles.value = found
  }
  return { load, titleOf: (id: number) => titles.value.get(id) ?? `#${id}` }
}
