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
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/test/closing-line.mjs'],
};
