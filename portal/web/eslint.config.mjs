import globals from 'globals'
import vue from 'eslint-plugin-vue'
import a11y from 'eslint-plugin-vuejs-accessibility'
import ts from 'typescript-eslint'

// The rules of the console (agent_ui/web/eslint.config.mjs), without its layers.
export default ts.config(
  { ignores: ['node_modules/**'] },
  ...ts.configs.strict,
  ...vue.configs['flat/essential'],
  ...a11y.configs['flat/recommended'],
  {
    languageOptions: { globals: globals.browser },
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true }],
      '@typescript-eslint/no-non-null-assertion': 'off', // with noUncheckedIndexedAccess it states what the code knows
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  { files: ['**/*.vue'], languageOptions: { parserOptions: { parser: ts.parser } } },
  { files: ['scripts/**', '*.mjs', '*.mts', '*.ts'], languageOptions: { globals: globals.node } },
)
