import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

import { noBuiltSql } from './tools/eslint/no-built-sql.ts';
import { tenantOfTransaction } from './tools/eslint/tenant-of-transaction.ts';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.billing/', '.cache/', 'coverage/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/non-nullable-type-assertion-style': 'off', // an `as` names the type it asserts
      'no-console': 'error',
      eqeqeq: 'error',
      // Configuration is read once, in platform/configuration; everything else is handed what it needs.
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read it in platform/configuration and pass it in.' },
      ],
    },
  },
  {
    // Programs that talk to a terminal, and the one place that reads the environment.
    files: [
      'apps/cli/**/*.ts',
      'apps/standalone/**/*.ts',
      'test/**/*.ts',
      '**/*.spec.ts',
      'libs/platform/configuration/**/*.ts',
    ],
    rules: { 'no-console': 'off', 'no-restricted-properties': 'off' },
  },
  {
    // What talks to Postgres while the service runs.
    files: ['apps/**/*.ts', 'libs/**/*.ts', 'migrations/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/testing/**'],
    plugins: { billing: { rules: { 'no-built-sql': noBuiltSql, 'tenant-of-transaction': tenantOfTransaction } } },
    rules: { 'billing/no-built-sql': 'error', 'billing/tenant-of-transaction': 'error' },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        fetch: 'readonly',
      },
    },
  },
  prettier,
);
