/** The icon of the tab, with a dot when something waits. */

const SIZE = 64
let plain: string | null = null

export function drawIcon(dot: boolean, hue: number): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')
  if (!link) return
  plain ??= link.href
  const pen = dot ? document.createElement('canvas').getContext('2d') : null
  if (!pen) {
    link.href = plain
    return
  }
  pen.canvas.width = pen.canvas.height = SIZE
  pen.fillStyle = '#1b1d26'
  pen.beginPath()
  pen.roundRect(0, 0, SIZE, SIZE, 18)
  pen.fill()
  pen.fillStyle = `oklch(.72 .17 ${hue})`
  pen.beginPath()
  pen.arc(SIZE / 2, SIZE / 2, 16, 0, Math.PI * 2)
  pen.fill()
  link.href = pen.canvas.toDataURL('image/png')
}
