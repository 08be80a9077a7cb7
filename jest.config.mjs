/** One project: unit, integration and end-to-end specs lie beside what they test. `npm test` starts what they need. */
export default {
  roots: ['<rootDir>/tools', '<rootDir>/apps', '<rootDir>/libs', '<rootDir>/migrations', '<rootDir>/test'],
  testRegex: '\\.(unit|int|e2e)\\.spec\\.ts$',
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testTimeout: 20_000,
  testSequencer: '<rootDir>/test/sequencer.mjs',
  maxWorkers: 3, // on two cores: most specs wait for something
  // Node gives back nothing of what a spec file imported: after a hundred of them a worker would spend its time collecting gigabytes.
  workerIdleMemoryLimit: '500MB',
  reporters: ['default', '<rootDir>/test/security-model/reporter.ts', '<rootDir>/test/closing-line.mjs'],
};
