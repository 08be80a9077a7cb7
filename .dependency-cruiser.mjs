/**
 * The import rules of docs/architecture.md: contracts <- domain <- command-handling <- apps. Adapters depend on ports, no app
 * imports another, Nest lives only in apps, platform and command-handling, a room is entered through its index.ts, no cycles.
 */
const spec = '\\.spec\\.ts$';
const nest = '^node_modules/(@nestjs|nestjs-pino)/';

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'contracts-depend-on-nothing',
      severity: 'error',
      from: { path: '^libs/contracts/', pathNot: spec },
      to: { pathNot: '^(libs/contracts/|(node:)?crypto$)' },
    },
    {
      name: 'domain-is-pure',
      comment: 'contracts and dinero.js, nothing else: no clock, no I/O, no framework',
      severity: 'error',
      from: { path: '^libs/domain/', pathNot: spec },
      to: { pathNot: '^(libs/(domain|contracts)/|node_modules/dinero\\.js/)' },
    },
    {
      name: 'audit-stands-alone',
      severity: 'error',
      from: { path: '^libs/audit/', pathNot: spec },
      to: { path: '^(libs/(?!audit/)|apps/|node_modules/@nestjs/)' },
    },
    {
      name: 'the-client-stands-alone',
      comment: 'it is an npm package of its own',
      severity: 'error',
      from: { path: '^libs/client/', pathNot: [spec, '^libs/client/(testing|npm)/'] },
      to: { pathNot: '^(libs/(client|contracts)/|node_modules/(jose|kafkajs)/|(node:)?(crypto|timers/promises|tls)$)' },
    },
    {
      name: 'nest-only-in-apps-platform-command-handling',
      severity: 'error',
      from: { path: '^libs/(?!platform/|command-handling/)' },
      to: { path: nest },
    },
    {
      name: 'libs-do-not-import-apps',
      severity: 'error',
      from: { path: '^libs/', pathNot: spec },
      to: { path: '^apps/' },
    },
    {
      name: 'no-app-imports-another',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/([^/]+)/', pathNot: '^apps/$1/' },
    },
    {
      name: 'the-checkout-page-and-the-routes-stand-apart',
      comment: 'what both need is in http, openapi or vault',
      severity: 'error',
      from: { path: '^apps/api/(checkout|routes)/', pathNot: spec },
      to: { path: '^apps/api/(checkout|routes)/', pathNot: '^apps/api/$1/' },
    },
    {
      name: 'only-apps-and-command-handling-import-command-handling',
      severity: 'error',
      from: { path: '^libs/(?!command-handling/)' },
      to: { path: '^libs/command-handling/' },
    },
    {
      name: 'only-the-stripe-adapter-imports-stripe',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: ['^libs/processor/stripe/', spec] },
      to: { path: '^node_modules/stripe/' },
    },
    {
      name: 'rooms-are-entered-by-their-index',
      comment:
        'libs/ROOM/SUB/x.ts of another room is private; libs/ROOM/index.ts and libs/ROOM/SUB/index.ts are its faces',
      severity: 'error',
      from: { path: '^(?:libs|apps)/([^/]+)/', pathNot: spec },
      to: { path: '^libs/([^/]+)/', pathNot: ['^libs/$1/', '/index\\.ts$'] },
    },
    {
      name: 'no-orphan-dependencies',
      severity: 'error',
      from: { path: '^(libs|apps)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
