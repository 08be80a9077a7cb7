/*
 * Builds dist/billing-audit-verify.mjs: `billing audit verify` in one file, which plain Node 20 and later runs with nothing beside it.
 *   node tools/verifier/build.mjs [FILE]
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const outfile = process.argv[2] ?? path('dist/billing-audit-verify.mjs');
const { version, license } = JSON.parse(readFileSync(path('package.json'), 'utf8'));

await build({
  entryPoints: [path('apps/cli/audit/verify/main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  conditions: ['source'],
  tsconfigRaw: {},
  legalComments: 'inline',
  banner: {
    js: [
      '#!/usr/bin/env node',
      `// billing-audit-verify ${version} (${license}): verifies the audit log of billing-service. node billing-audit-verify.mjs --help`,
      // What it bundles of CommonJS asks for Node's own modules by require.
      "import { createRequire } from 'node:module';",
      'const require = createRequire(import.meta.url);',
    ].join('\n'),
  },
});
console.log(outfile);
