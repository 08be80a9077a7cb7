import { writeSync } from 'node:fs';

/**
 * Ends a run with one line of jest's own counts. A suite that could not run at all counts as a failure, and so does a row of
 * docs/security-model.md that is not proved.
 */
export default class ClosingLine {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites + (results.unprovenRows ?? 0);
    const skipped = results.numPendingTests > 0 ? `${results.numPendingTests} skipped\n` : '';
    // jest's own summary comes after the last reporter; ours is to be the last line.
    process.once('exit', () => writeSync(1, `${skipped}${results.numPassedTests} passed, ${failed} failed\n`));
  }
}
