/** A widget as its form has it: sites one a line, the words of every language that has any. */
import type { WidgetInput, WidgetTexts, WidgetView } from '@/shared/api/chat'

export interface WidgetForm {
  name: string
  origins: string
  hue: number
  teamId: number | null
  hours: string | null
  isEnabled: boolean
  fields: WidgetView['fields']
  texts: Record<string, WidgetTexts>
}

const USUAL_HUE = 268

export function formOf(view: WidgetView | null): WidgetForm {
  return {
    name: view?.name ?? '',
    origins: view?.origins.join('\n') ?? '',
    hue: view?.hue ?? USUAL_HUE,
    teamId: view?.teamId ?? null,
    hours: view?.hours ?? null,
    isEnabled: view?.isEnabled ?? true,
    fields: { name: view?.fields.name ?? 'optional', email: view?.fields.email ?? 'optional' },
    texts: structuredClone(view?.texts ?? {}),
  }
}

export function inputOf(form: WidgetForm): WidgetInput {
  const filled = Object.entries(form.texts).filter(([, words]) => Object.values(words).some((text) => text.trim()))
  return {
    name: form.name,
    origins: form.origins.split('\n').map((line) => line.trim()).filter(Boolean),
    hue: Number(form.hue),
    teamId: form.teamId,
    hours: form.hours,
    isEnabled: form.isEnabled,
    fields: { ...form.fields },
    texts: Object.fromEntries(filled.map(([code, words]) => [code, { ...words }])),
  }
}
