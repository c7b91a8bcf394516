import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { configDefaults, defineConfig } from 'vitest/config'
import { ENTRIES } from './entries.mjs'

const src = (file: string): string => fileURLToPath(new URL(`./src/${file}`, import.meta.url))

// Every entry is a module of its own that pages of the portal load by its address in manifest.json.
export default defineConfig({
  base: process.env.ASSET_BASE ?? '/static/portal/built/',
  plugins: [vue()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
  },
  build: {
    target: 'baseline-widely-available',
    manifest: 'manifest.json',
    modulePreload: { polyfill: false },
    sourcemap: false,
    outDir: process.env.OUT_DIR ?? fileURLToPath(new URL('../static/built', import.meta.url)),
    emptyOutDir: true,
    assetsDir: '',
    reportCompressedSize: false,
    rollupOptions: { input: Object.keys(ENTRIES).map((name) => src(`${name}.ts`)) },
  },
  test: {
    environment: 'jsdom',
    exclude: [...configDefaults.exclude],
    restoreMocks: true,
  },
})
