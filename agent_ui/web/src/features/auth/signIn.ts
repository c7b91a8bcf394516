/** State of the sign-in form: checks before asking, words for refusals, the wait after too many tries. */
import { computed, onScopeDispose, reactive, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '@/shared/api/client'
import { useSession } from '@/shared/session'
import { reasonOf } from '@/shared/stores/tickets'

export interface SignInErrors {
  email: string
  password: string
  form: string
}

/** What is wrong with the fields before the server is asked, as message keys. */
export function checkFields(email: string, password: string): { email: string; password: string } {
  const address = email.trim()
  let emailKey = ''
  if (!address) emailKey = 'signIn.emailMissing'
  else if (!/^\S+@\S+$/.test(address)) emailKey = 'signIn.emailWrong'
  return { email: emailKey, password: password ? '' : 'signIn.passwordMissing' }
}

export function useSignIn(done: () => void) {
  const { t } = useI18n()
  const session = useSession()
  const errors = reactive<SignInErrors>({ email: '', password: '', form: '' })
  const busy = ref(false)
  const wait = ref(0)
  let timer: ReturnType<typeof setInterval> | undefined
  onScopeDispose(() => clearInterval(timer))

  const formError = computed(() => (wait.value ? t('signIn.rateLimited', { s: wait.value }, wait.value) : errors.form))

  function startWait(seconds: number): void {
    wait.value = seconds
    clearInterval(timer)
    timer = setInterval(() => {
      wait.value -= 1
      if (wait.value <= 0) clearInterval(timer)
    }, 1000)
  }

  function refuse(error: unknown): void {
    if (!(error instanceof ApiError)) errors.form = t('errors.generic', { reason: t('errors.unknown') })
    else if (error.code === 'bad-credentials') errors.form = t('signIn.bad')
    else if (error.status === 429) startWait(Math.ceil(error.retryAfter ?? 30))
    else if (error.offline) errors.form = t('signIn.offline')
    else errors.form = t('errors.generic', { reason: reasonOf(error) })
  }

  /** Resolves to the field to go to, or "" when signed in. */
  async function submit(email: string, password: string): Promise<'' | 'email' | 'password'> {
    if (busy.value || wait.value > 0) return 'password'
    const wrong = checkFields(email, password)
    errors.email = wrong.email && t(wrong.email)
    errors.password = wrong.password && t(wrong.password)
    errors.form = ''
    if (wrong.email) return 'email'
    if (wrong.password) return 'password'
    busy.value = true
    try {
      await session.signIn(email.trim(), password)
      done()
      return ''
    } catch (error) {
      refuse(error)
      return 'password'
    } finally {
      busy.value = false
    }
  }

  return { errors, formError, busy, wait, submit }
}
