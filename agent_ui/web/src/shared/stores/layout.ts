/** Which panes are shown; remembered for this browser. */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { store } from '../storage'

export type Density = 'comfortable' | 'compact'

export const useLayout = defineStore('layout', () => {
  const viewsOpen = ref(store.get('pane.views') !== 'closed')
  const detailsOpen = ref(store.get('pane.details') !== 'closed')
  const density = ref<Density>(store.get('density') === 'compact' ? 'compact' : 'comfortable')
  /** Overlays of narrow screens: never remembered, closed by every move to another place. */
  const viewsDrawer = ref(false)
  const detailsDrawer = ref(false)
  const palette = ref<'closed' | 'commands' | 'help'>('closed')

  watch(viewsOpen, (open) => store.set('pane.views', open ? 'open' : 'closed'))
  watch(detailsOpen, (open) => store.set('pane.details', open ? 'open' : 'closed'))
  watch(density, (value) => {
    document.documentElement.dataset.density = value
    store.set('density', value)
  })

  return { viewsOpen, detailsOpen, density, viewsDrawer, detailsDrawer, palette }
})
