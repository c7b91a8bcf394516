/** The style sheet inside the box of a rich mail; made once and shared by all of them. */

const RULES = `
  :host { display: block; contain: content; overflow-x: auto; max-width: 100%; color: inherit; }
  :host([data-paper]) {
    padding: 12px; border-radius: 8px; color-scheme: light;
    background: oklch(1 0 0); color: oklch(.25 .014 265); border: 1px solid var(--line);
  }
  img { max-width: 100%; height: auto; }
  table { border-collapse: collapse; max-width: 100%; }
  a { color: var(--accent-ink); }
  :host([data-paper]) a { color: oklch(.47 .17 268); }
  p { margin: 0 0 8px; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  blockquote { margin: 8px 0; padding-inline-start: 12px; border-inline-start: 2px solid var(--line-strong); }
  * { overflow-wrap: anywhere; }
`

let sheet: CSSStyleSheet | undefined

export function bodySheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(RULES)
  }
  return sheet
}
