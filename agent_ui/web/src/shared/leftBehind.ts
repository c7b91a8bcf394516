/** The open work of the signed-in agent, shown when she goes away or asks for it. */
import { shallowRef } from 'vue'
import { presenceApi, type OpenWork } from './api/presence'

/** What she leaves behind; the window that asks about it is open while there is something. */
export const leftBehind = shallowRef<OpenWork[] | null>(null)

/** Show what is open, as at the end of a shift. */
export async function showWork(): Promise<void> {
  leftBehind.value = await presenceApi.myWork()
}

/** What waits for her now, without what waits for others. */
export const waits = (work: OpenWork) => work.status === 'open' && !work.snoozedUntil
