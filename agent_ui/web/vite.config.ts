import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { configDefaults, defineConfig } from 'vitest/config'
import { inPart } from './src/shared/i18n/parts.ts'

const port = process.env.SAMPARK_HTTP_PORT ?? '8000'
const backend = `http://127.0.0.1:${port}`

/** A catalogue is one file for translators and several for browsers: `hi.json?part=desk` has that part's sections. */
const catalogueParts: Plugin = {
  name: 'catalogue-parts',
  enforce: 'pre',
  load(id) {
    const [file = '', query] = id.split('?')
    const part = new URLSearchParams(query).get('part')
    if (!part || !/\/i18n\/\w+\.json$/.test(file)) return null
    this.addWatchFile(file)
    const sections = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)
    const words = Object.fromEntries(sections.filter(([name]) => inPart(name, part)))
    return { code: `export default ${JSON.stringify(words)}`, moduleType: 'js' }
  },
}

// The built files are served below /static/console/ while the pages live below /console/ (see shared/paths.ts).
export default defineConfig(({ command }) => ({
  base: command === 'serve' ? '/console/' : (process.env.ASSET_BASE ?? '/static/console/'),
  plugins: [catalogueParts, vue(), tailwindcss()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'false',
  },
  build: {
    target: 'baseline-widely-available',
    manifest: true,
    sourcemap: false,
    outDir: process.env.OUT_DIR ?? 'dist',
    emptyOutDir: true,
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    // Everything but the console itself is the product's (tools/dev.py starts both).
    proxy: { '^/(?!console/)': { target: backend, ws: true } },
    // Tests hold what the console knows of the server against its sources.
    ...(process.env.VITEST ? { fs: { allow: ['../..'] } } : {}),
  },
  test: {
    environment: 'jsdom',
    // One jsdom for each file as ever, but not one process: starting those took ten times as long as the tests.
    pool: 'vmThreads',
    exclude: [...configDefaults.exclude, 'dist/**'],
    restoreMocks: true,
    css: { include: /static\/portal\.css/ },
  },
}))
