import { expect, it, vi } from 'vitest'

const WORDS = { tooLong: 'At most {n}', badEmail: 'No address', required: 'Needed', slow: 'Slow', failed: 'Failed' }

async function told(status: number, errors: { field: string; message: string }[], shown: string[]): Promise<Record<string, string>> {
  vi.resetModules()
  document.body.innerHTML = `<script type="application/json" id="settings">${JSON.stringify({ key: 'k', words: WORDS })}</script>`
  const { post } = await import('./api')
  const { complain } = await import('./refusals')
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify({ code: 'validation', errors }), { status })))
  const wrong: Record<string, string> = {}
  await post('request').catch((problem: unknown) => complain(problem, wrong, shown))
  vi.unstubAllGlobals()
  return wrong
}

it('names the field, wherever it stood in what was sent', async () => {
  const long = [{ field: 'beginning.email', message: 'Expected `str` of length <= 320' }]
  expect(await told(422, long, ['email'])).toEqual({ email: 'At most 320' })
  expect(await told(422, [{ field: 'email', message: 'This is not an e-mail address.' }], ['email'])).toEqual({ email: 'No address' })
  expect(await told(422, [{ field: 'message', message: 'At most 20000 characters.' }], ['message'])).toEqual({ message: 'At most 20000' })
  expect(await told(422, [{ field: 'name', message: 'A name is needed.' }], ['name'])).toEqual({ name: 'Needed' })
})

it('complains of the whole where no field is to blame, or the field is not shown', async () => {
  expect(await told(422, [{ field: 'email', message: 'This is not an e-mail address.' }], ['message'])).toEqual({ all: 'Failed' })
  expect(await told(429, [], ['message'])).toEqual({ all: 'Slow' })
})
