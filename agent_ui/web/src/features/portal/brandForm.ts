/** A brand as its form has it, and the way to the server and back. */
import type { Brand, BrandInput, FooterLink, Words } from '@/shared/api/portal'
import type { Locale } from '@/shared/api/types'
import { hueOf } from './colour'
import { filled } from '@/shared/words'

export interface LinkForm extends FooterLink {
  /** Stays with the line while lines are moved. */
  uid: number
}

export interface BrandForm {
  host: string
  name: string
  hue: number | null
  defaultLanguage: string
  languages: string[]
  question: Words
  description: Words
  footerLinks: LinkForm[]
  contactAddress: string
  contactPhone: string
  mailboxId: number | null
  teamId: number | null
}

const USUAL_HUE = 172
let uids = 0
export const newLink = (): LinkForm => ({ uid: ++uids, words: {}, address: '' })

export function formOf(brand: Brand | null, all: readonly string[]): BrandForm {
  return {
    host: brand?.host ?? '', name: brand?.name ?? '', hue: brand?.hue ?? USUAL_HUE,
    defaultLanguage: brand?.defaultLanguage ?? 'en', languages: brand ? [...brand.languages] : [...all],
    question: { ...brand?.question }, description: { ...brand?.description },
    footerLinks: (brand?.footerLinks ?? []).map((link) => ({ ...newLink(), words: { ...link.words }, address: link.address })),
    contactAddress: brand?.contactAddress ?? '', contactPhone: brand?.contactPhone ?? '',
    mailboxId: brand?.mailboxId ?? null, teamId: brand?.teamId ?? null,
  }
}

/** "https://Help.example.org/portal" → "help.example.org": people copy addresses, the desk wants the host. */
export function hostOf(typed: string): string {
  const text = typed.trim().toLowerCase()
  return /^https?:\/\//.test(text) ? text.replace(/^https?:\/\//, '').replace(/[/?#].*$/, '') : text
}

export function inputOf(form: BrandForm): BrandInput {
  return {
    host: hostOf(form.host), name: form.name.trim(), hue: hueOf(form.hue),
    defaultLanguage: form.defaultLanguage as Locale, languages: form.languages as Locale[],
    question: filled(form.question), description: filled(form.description),
    footerLinks: form.footerLinks.map(({ words, address }) => ({ words: filled(words), address: address.trim() })),
    contactAddress: form.contactAddress.trim(), contactPhone: form.contactPhone.trim(),
    mailboxId: form.mailboxId, teamId: form.teamId,
  }
}

/** Texts of a brand that visitors read in their language. */
export const textsOf = (form: BrandForm): Words[] => [form.question, form.description, ...form.footerLinks.map((link) => link.words)]

export const LARGEST_LOGO = 512 * 1024
export const LOGO_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/svg+xml']

/** Why a file can be no logo, or ''. The server looks at the content; a browser that knows no type leaves it to that. */
export function wrongLogo(file: { size: number; type: string }): '' | 'type' | 'size' {
  if (file.type && !LOGO_TYPES.includes(file.type)) return 'type'
  return file.size > LARGEST_LOGO ? 'size' : ''
}
