/** The whole record of a ticket's customer, read behind the pane and kept for the next ticket of the same person. */
import { computed, onScopeDispose, ref, shallowReactive, watch, type ComputedRef, type Ref } from 'vue'
import { ApiError } from '@/shared/api/client'
import { api } from '@/shared/api/endpoints'
import type { CustomerPatch, CustomerView } from '@/shared/api/types'
import { useLive } from '@/shared/stores/live'
import { reasonOf } from '@/shared/stores/tickets'

const KEEP = 30
const cache = shallowReactive(new Map<number, CustomerView>())

function remember(view: CustomerView): void {
  cache.delete(view.id)
  cache.set(view.id, view)
  const oldest = cache.keys().next().value
  if (cache.size > KEEP && oldest !== undefined) cache.delete(oldest)
}

export interface CustomerRecord {
  customer: ComputedRef<CustomerView | undefined>
  /** Why the record could not be read, in words; empty when it could. */
  error: Ref<string>
  reload(): Promise<void>
  /** Changes the record; resolves to why it was refused, or to nothing. */
  change(change: CustomerPatch): Promise<string>
}

export function useCustomer(customerId: () => number | undefined): CustomerRecord {
  const error = ref('')
  const live = useLive()
  const customer = computed(() => {
    const id = customerId()
    return id === undefined ? undefined : cache.get(id)
  })

  async function reload(): Promise<void> {
    const id = customerId()
    if (id === undefined) return
    try {
      remember(await api.customers.read(id))
      error.value = ''
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      // Somebody else's ticket may be open by now.
      if (customerId() === id) error.value = reasonOf(problem)
    }
  }

  async function change(change: CustomerPatch): Promise<string> {
    const known = customer.value
    if (!known) return ''
    try {
      remember(await api.customers.change(known.id, change, known.version))
      return ''
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      if (problem.code === 'precondition-failed') void reload()
      return reasonOf(problem)
    }
  }

  watch(
    customerId,
    () => {
      error.value = ''
      void reload()
    },
    { immediate: true },
  )
  onScopeDispose(
    live.onEvent((event) => {
      if (event.customerId === customerId() && event.kind.startsWith('customer.')) void reload()
    }),
  )
  return { customer, error, reload, change }
}
