import { describe, expect, it } from 'vitest'
import type { Told } from '@/shared/api/knowledge'
import { telling } from './languages'

const told = (change: Partial<Told>): Told => ({ locale: 'en', slug: 's', title: 'T', state: 'draft', isLive: false, isOutdated: false, publishAt: null, ...change })

describe('the word for a language of an article', () => {
  it.each([
    [{ state: 'draft' }, 'draft'],
    [{ state: 'published', isLive: true }, 'published'],
    [{ state: 'published', isLive: true, isOutdated: true }, 'outdated'],
    [{ state: 'draft', isLive: true }, 'changed'],
    [{ state: 'in_review', isLive: true }, 'in_review'],
    [{ state: 'approved', publishAt: '2026-01-01T00:00:00Z' }, 'scheduled'],
    [{ state: 'archived' }, 'archived'],
  ] as const)('of %j is %s', (change, word) => {
    expect(telling(told(change))).toBe(word)
  })
})
