/**
 * Mutation tests: `npm run mutation` changes the core in every small way that Stryker knows, one
 * change at a time, and asks whether a deterministic test notices (tools/mutation/runner.ts).
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  plugins: ['./dist/tools/mutation/runner.js'],
  testRunner: 'files',
  coverageAnalysis: 'perTest',
  // Mutants need not type-check; their files say so themselves.
  buildCommand: 'tsc --noCheck',
  mutate: ['core/**/*.ts', '!core/**/*.test.ts', '!core/**/*.test.helper.ts'],
  ignorePatterns: ['/dist', '/coverage', '/bench', '/examples', '/.nodes', '*.tgz', '*.md'],

  // The runner has a limit for each test file; this one is for a runner that is stuck itself.
  timeoutMS: 120_000,
  concurrency: 2,
  tempDirName: '.mutation',
  reporters: ['json', 'progress-append-only'],
  jsonReporter: { fileName: '.mutation/report.json' },
  thresholds: { high: 95, low: 90, break: 90 },
}
