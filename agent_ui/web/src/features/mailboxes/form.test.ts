import { describe, expect, it } from 'vitest'
import type { MailboxView, ProviderPreset } from '@/shared/api/mail'
import { applyPreset, changesOf, emptyForm, formOf, inputOf, portFor, testInput, words } from './form'

const VIEW: MailboxView = {
  id: 4, name: 'Support', address: 'support@x.example', aliases: ['help@x.example'], displayName: 'X Care', teamId: 2,
  signature: '<p><b>{{agent.name}}</b><br>X</p>', isActive: true,
  imap: { host: 'imap.x.example', port: 993, user: 'support@x.example', tls: 'tls', folder: 'INBOX', auth: 'password', since: '2026-05-01', importAs: 'closed', hasPassword: true },
  smtp: { host: 'smtp.x.example', port: 587, user: 'support@x.example', tls: 'starttls', auth: 'password', perMinute: 0, verp: null, hasPassword: true },
  oauth: null, dkim: null,
  options: {
    acknowledge: { enabled: false, subject: '', html: '' }, replyToPolicy: 'from', agentAnswers: 'aligned', subjectNumber: false, duplicates: 'one',
    trustedServers: ['mx.x.example'], silentAfterMinutes: 10, reopenDays: 30, plainText: false,
  },
  status: { lastSuccessAt: null, lastMailAt: null, lastError: null, alarm: null, alarmSince: null },
}
const PRESETS: ProviderPreset[] = [
  { key: 'microsoft', imap: { host: 'outlook.example', port: 993, tls: 'tls' }, smtp: { host: 'smtp.o.example', port: 587, tls: 'starttls' }, oauth: 'microsoft', help: '' },
  { key: 'google', imap: { host: 'imap.x.example', port: 993, tls: 'tls' }, smtp: { host: 'smtp.x.example', port: 465, tls: 'tls' }, oauth: 'google', help: '' },
]

describe('form of a mailbox', () => {
  it('changes nothing when nothing was typed, not even a signature it cannot show in full', () => {
    expect(changesOf(formOf(VIEW), VIEW)).toEqual({})
    expect(inputOf(formOf(VIEW), VIEW).signature).toBe(VIEW.signature)
  })
  it('sends only what was changed', () => {
    const form = formOf(VIEW)
    form.aliases = 'help@x.example, care@x.example'
    form.options.reopenDays = 14
    expect(changesOf(form, VIEW)).toEqual({
      aliases: ['help@x.example', 'care@x.example'], options: { ...VIEW.options, reopenDays: 14 },
    })
  })
  it('never sends a password that was not typed', () => {
    const form = formOf(VIEW)
    form.imap.folder = 'Support'
    expect(Object.keys(changesOf(form, VIEW).imap ?? {})).not.toContain('password')
    expect(JSON.stringify(testInput(form, 4))).not.toContain('assword":')
  })
  it('gives sending the sign-in of reading as long as they are the same', () => {
    const form = formOf(VIEW)
    form.imap.password = 'fresh'
    expect(changesOf(form, VIEW).smtp).toMatchObject({ user: 'support@x.example', password: 'fresh' })
    form.sameSignIn = false
    expect(inputOf(form, VIEW).smtp).not.toHaveProperty('password')
  })
  it('takes the address for the user name when none is given', () => {
    const form = { ...emptyForm(), address: 'new@x.example' }
    expect(inputOf(form, null).imap?.user).toBe('new@x.example')
  })
  it('never signs in by token without a name', () => {
    const form = { ...formOf(VIEW), sameSignIn: false }
    form.smtp.user = ''
    expect(inputOf(form, VIEW).smtp?.user).toBe('')
    form.signIn = 'oauth'
    expect(inputOf(form, VIEW).smtp).toMatchObject({ user: 'support@x.example', auth: 'oauth' })
  })
  it('leaves out the parts that are switched off', () => {
    const form = { ...formOf(VIEW), reads: false, sends: false }
    expect(inputOf(form, VIEW)).toMatchObject({ imap: null, smtp: null, oauth: null })
    expect(testInput(form, 4)).toEqual({ id: 4 })
  })
  it('writes a signature that was typed as HTML', () => {
    const form = formOf(VIEW)
    form.signature = 'A & B\n<team>'
    expect(changesOf(form, VIEW)).toEqual({ signature: '<p>A &amp; B<br>&lt;team&gt;</p>' })
  })
})

describe('presets', () => {
  it('fill in the servers; only Microsoft leads to its own sign-in', () => {
    const form = emptyForm()
    form.imap.folder = 'Care'
    applyPreset(form, PRESETS[1]!)
    expect(form).toMatchObject({ provider: 'google', signIn: 'password', imap: { host: 'imap.x.example', folder: 'Care' }, smtp: { port: 465, tls: 'tls' } })
    applyPreset(form, PRESETS[0]!)
    expect(form).toMatchObject({ signIn: 'oauth', oauth: { provider: 'microsoft' } })
  })
  it('are recognised in what was saved', () => {
    expect(formOf(VIEW, PRESETS).provider).toBe('google')
    expect(formOf({ ...VIEW, imap: null, smtp: null }, PRESETS).provider).toBe('other')
  })
  it('of ports follow the encryption unless one was chosen by hand', () => {
    expect(portFor('imap', 'starttls', 993)).toBe(143)
    expect(portFor('smtp', 'tls', 587)).toBe(465)
    expect(portFor('smtp', 'tls', 2587)).toBe(2587)
  })
})

it('words stand on lines or between commas', () => expect(words(' a@x, b@x\nc@x; ')).toEqual(['a@x', 'b@x', 'c@x']))
