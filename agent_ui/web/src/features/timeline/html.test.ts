import { describe, expect, it } from 'vitest'
import { cleanPlain, cleanRich, hasColours, isRich, textToHtml } from './html'

const rich = (html: string) => {
  const { fragment, blocked } = cleanRich(html)
  const holder = document.createElement('div')
  holder.append(fragment)
  return { holder, blocked }
}

describe('message html', () => {
  it.each([
    ['<script>alert(1)</script><p>x</p>', '<p>x</p>'],
    ['<p onclick="alert(1)" id="app" class="fixed">x</p>', '<p>x</p>'],
    ['<a href="javascript:alert(1)">x</a>', '<a>x</a>'],
    ['<a href="/console/settings">x</a>', '<a>x</a>'],
    ['<style>*{display:none}</style><form action="/x"><input name="q"></form><p>x</p>', '<p>x</p>'],
    ['<svg onload="alert(1)"></svg><iframe src="https://x.example"></iframe>x', 'x'],
  ])('cleans %s', (dirty, clean) => expect(cleanPlain(dirty).html).toBe(clean))

  it('opens links apart without telling where from', () => {
    const { html } = cleanPlain('<a href="https://x.example" target="_self">x</a>')
    expect(html).toContain('target="_blank"')
    expect(html).toContain('noopener noreferrer')
  })

  it('holds remote images back and counts them', () => {
    const dirty = '<img src="https://t.example/p.gif"><img src="//t.example/q"><img data-blocked-src="https://t.example/r">ok'
    expect(cleanPlain(dirty)).toEqual({ html: 'ok', blocked: 3 })
  })

  it('shows attached images at their place', () => {
    const attachment = { id: 4, name: 'p.png', contentType: 'image/png', size: 1, url: '/api/attachments/4', contentId: '<a@b>' }
    const { html } = cleanPlain('<img src="cid:a@b"><img src="cid:missing">', [attachment])
    expect(html).toContain('src="/api/attachments/4"')
    expect(html).not.toContain('cid:')
  })

  it('keeps the look of a rich mail but nothing that leaves its box', () => {
    const dirty = '<p style="color: red; position: fixed; z-index: 9; background-image: url(https://t.example/x)">x</p>'
    const { holder } = rich(dirty)
    const style = holder.querySelector('p')!.style
    expect(style.color).toBe('red')
    expect(style.position).toBe('')
    expect(style.zIndex).toBe('')
    expect(style.cssText).not.toContain('url')
  })

  it('drops a style that hides from the renaming', () => {
    const { holder } = rich('<p title="a>b" style="position: fixed">x</p><p data-look="position: fixed; color: blue">y</p>')
    expect(holder.innerHTML).not.toContain('fixed')
    expect(holder.querySelectorAll('p')[1]!.style.color).toBe('blue')
  })

  it('tells plain from rich and coloured mail', () => {
    expect(isRich('<p>x <strong>y</strong></p>')).toBe(false)
    expect(isRich('<TABLE><tr><td>x</td></tr></TABLE>')).toBe(true)
    expect(hasColours('<td bgcolor="#fff">x</td>')).toBe(true)
    expect(hasColours('<p style="margin: 0">x</p>')).toBe(false)
  })

  it('shows plain text with its lines and links', () => {
    expect(textToHtml('a <b>\nc\n\nhttps://x.example/?a=1.')).toBe(
      '<p>a &lt;b&gt;<br>c</p><p><a href="https://x.example/?a=1">https://x.example/?a=1</a>.</p>',
    )
  })
})
