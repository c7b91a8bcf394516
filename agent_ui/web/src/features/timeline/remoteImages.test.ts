import { beforeEach, describe, expect, it, vi } from 'vitest'

describe('tickets whose images are always shown', () => {
  beforeEach(() => {
    localStorage.clear()
    vi.resetModules()
  })

  it('are remembered for this browser until taken back', async () => {
    const before = await import('./remoteImages')
    expect(before.imagesAllowed(7)).toBe(false)
    before.allowImages(7)
    vi.resetModules()
    const after = await import('./remoteImages')
    expect(after.imagesAllowed(7)).toBe(true)
    expect(after.imagesAllowed(8)).toBe(false)
    after.holdImages(7)
    vi.resetModules()
    expect((await import('./remoteImages')).imagesAllowed(7)).toBe(false)
  })

  it('are 500 at most, the newest', async () => {
    const { allowImages, imagesAllowed } = await import('./remoteImages')
    for (let id = 1; id <= 501; id++) allowImages(id)
    expect(imagesAllowed(1)).toBe(false)
    expect(imagesAllowed(501)).toBe(true)
  })

  it('are none when the browser’s store holds nonsense', async () => {
    localStorage.setItem('sampark:images.tickets', '{broken')
    const { imagesAllowed } = await import('./remoteImages')
    expect(imagesAllowed(1)).toBe(false)
  })
})
