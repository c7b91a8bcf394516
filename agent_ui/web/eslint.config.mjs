import path from 'node:path'
import { fileURLToPath } from 'node:url'
import globals from 'globals'
import vue from 'eslint-plugin-vue'
import a11y from 'eslint-plugin-vuejs-accessibility'
import ts from 'typescript-eslint'

const SRC = path.join(path.dirname(fileURLToPath(import.meta.url)), 'src')
const LAYERS = ['shared', 'features', 'pages']

/** Layer and feature of a file below src: {layer: "features", room: "composer"}; main.ts and App.vue stand above all. */
function place(file) {
  const [layer, room] = path.relative(SRC, file).split(path.sep)
  return LAYERS.includes(layer) ? { layer, room } : { layer: 'app', room: '' }
}

/** shared ← features ← pages: a file imports from its own layer's room and from the layers below. */
const zones = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const here = place(context.filename)
    function check(node, source) {
      if (typeof source !== 'string' || !(source.startsWith('@/') || source.startsWith('.'))) return
      const target = source.startsWith('@/')
        ? path.join(SRC, source.slice(2))
        : path.resolve(path.dirname(context.filename), source)
      if (path.relative(SRC, target).startsWith('..')) return // the server's sources, which tests read
      const there = place(target)
      const rank = (layer) => [...LAYERS, 'app'].indexOf(layer)
      const upwards = rank(there.layer) > rank(here.layer)
      const sideways = here.layer === 'features' && there.layer === 'features' && here.room !== there.room
      if (upwards || sideways) {
        context.report({ node, message: `${here.layer}/${here.room} must not import ${there.layer}/${there.room}` })
      }
    }
    return {
      ImportDeclaration: (node) => check(node, node.source.value),
      ExportNamedDeclaration: (node) => node.source && check(node, node.source.value),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ImportExpression: (node) => check(node, node.source.value),
    }
  },
}

export default ts.config(
  { ignores: ['dist/**', 'node_modules/**', 'src/shared/api/schema.d.ts'] },
  ...ts.configs.strict,
  ...vue.configs['flat/recommended'],
  ...a11y.configs['flat/recommended'],
  {
    languageOptions: { globals: globals.browser },
    plugins: { sampark: { rules: { zones } } },
    rules: {
      'sampark/zones': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true }],
      '@typescript-eslint/no-non-null-assertion': 'off', // with noUncheckedIndexedAccess it states what the code knows
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-invalid-void-type': 'off', // request<void> is the plain word for "204"
      'vue/multi-word-component-names': 'off', // Avatar, Tip: used in templates with a capital, no clash with HTML
      'vue/max-attributes-per-line': 'off', // layout of templates is left to the author
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/attributes-order': 'off',
      'vue/require-default-prop': 'off', // optional props are undefined, which TypeScript already demands to handle
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
    },
  },
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
    rules: { 'max-lines': ['error', { max: 200, skipBlankLines: true }] },
  },
  { files: ['scripts/**', '*.mjs', '*.ts'], languageOptions: { globals: globals.node } },
  { files: ['public/**'], languageOptions: { sourceType: 'script', globals: globals.browser } },
)
