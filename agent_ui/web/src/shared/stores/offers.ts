/** What is held out to the signed-in agent at this moment. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { ApiError } from '../api/client'
import { routingApi, type Offer } from '../api/routing'

export const useOffers = defineStore('offers', () => {
  const open = shallowRef<Offer[]>([])

  /** Read them; a failure leaves what is known, since each ends by itself. */
  async function load(): Promise<void> {
    try {
      open.value = await routingApi.offers()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
    }
  }

  const drop = (id: number) => (open.value = open.value.filter((one) => one.id !== id))

  return { open, load, drop }
})
