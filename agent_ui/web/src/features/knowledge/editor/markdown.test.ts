import { describe, expect, it } from 'vitest'
import { isFaithful, toDocument, toMarkdown } from './markdown'

const again = (source: string): string => toMarkdown(toDocument(source))

const KEPT: Record<string, string> = {
  paragraphs: 'One line.\n\nAnother, **strong**, *soft*, ~~gone~~, `code`.\n',
  headings: '## First\n\nWords.\n\n### Second\n\nMore.\n',
  steps: '1. Switch it off.\n2. Wait ten minutes.\n3. Switch it on.\n',
  'nested lists': '- one\n- two\n  - inner\n  - other\n- three\n',
  tasks: '- [ ] to do\n- [x] done\n',
  quote: '> Somebody said this.\n>\n> And that.\n',
  callout: '> [!WARNING]\n> Pull the plug **first**.\n',
  'callout with a list': '> [!TIP]\n> Do this:\n>\n> - one\n> - two\n',
  folded: '<details>\n<summary>Where is the plate?</summary>\n\nBehind the *lower* drawer.\n\n- left\n- right\n\n</details>\n',
  code: '```sh\nsudo reboot  # **not** strong\n```\n',
  image: '![A plate](/kb/files/12)\n',
  'image in words': 'See ![key](/kb/files/3) here.\n',
  links: '[Terms](https://example.com/a_b?x=1&y=2), [another article](article:12), [a file](/kb/files/3)\n',
  video: 'https://www.youtube.com/watch?v=dQw4w9WgXcQ\n',
  rule: 'Above\n\n---\n\nBelow\n',
  'Indian scripts': '## फ्रिज ठंडा नहीं कर रहा\n\nपहले **प्लग** निकालें। ಪ್ಲಗ್ ತೆಗೆಯಿರಿ. প্লাগ খুলুন।\n',
  'signs that are words': 'Press 3 \\* 4, or a\\_b, for <5 kg & more.\n',
}

describe('articles between source and editor', () => {
  it.each(Object.entries(KEPT))('keeps %s', (_name, source) => {
    expect(isFaithful(source)).toBe(true)
    expect(again(again(source))).toBe(again(source))
  })

  it('writes callouts, folded parts, steps and pictures as they were', () => {
    for (const name of ['callout', 'folded', 'steps', 'image', 'code', 'headings', 'links']) expect(again(KEPT[name]!)).toBe(KEPT[name])
  })

  it('keeps tables with what stands in them', () => {
    const table = '| Model | Litres |\n| --- | --- |\n| **TF-260** | 260 |\n| TF-340 \\| Twin | 340 |\n'
    const once = again(table)
    expect(once).toContain('**TF-260**')
    expect(isFaithful(table)).toBe(true)
    expect(again(once)).toBe(once)
  })

  it.each([
    ['own HTML', 'Press <kbd>Ctrl</kbd> now.'],
    ['a block of HTML', '<table><tr><td>x</td></tr></table>'],
    ['footnotes', 'Text[^1]\n\n[^1]: The note'],
    ['references', 'A [link][one]\n\n[one]: https://example.com'],
    ['a first-level heading', '# Title\n\nWords'],
  ])('leaves %s to the source', (_name, source) => {
    expect(isFaithful(source)).toBe(false)
  })

  it('takes HTML inside code for words', () => {
    expect(isFaithful('Write `<b>`:\n\n```html\n<table></table>\n```\n')).toBe(true)
  })

  it('is an empty document for an empty text', () => {
    expect(again('')).toBe('')
    expect(toDocument('').content).toEqual([{ type: 'paragraph' }])
  })
})
