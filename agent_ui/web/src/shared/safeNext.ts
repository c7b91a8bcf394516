/** Where to go after the sign-in: only to a page of this console; an address with a host could be somebody's trap. */
export function safeNext(next: unknown): string {
  const own = typeof next === 'string' && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in')
  return own ? next : '/inbox/mine'
}
