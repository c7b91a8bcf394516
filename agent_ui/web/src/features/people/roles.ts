/** Roles in the reader's language; a role of the desk's own keeps its name. */
import { i18n, tr } from '@/shared/i18n'

export const roleName = (role: string): string => (i18n.global.te(`people.roles.${role}`) ? tr(`people.roles.${role}`) : role)
export const roleHint = (role: string): string => (i18n.global.te(`people.roleHints.${role}`) ? tr(`people.roleHints.${role}`) : '')
