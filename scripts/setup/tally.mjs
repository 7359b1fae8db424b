/** Counting tests over several tools: `npm test` ends with one line for all of them. */

export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** One check that either holds or not (lint, types, …). */
  check(ok) {
    if (ok) this.passed++;
    else this.failed++;
  }

  /**
   * A run of Vitest: its JSON report (null when it did not get so far as to write one) and its exit code.
   * A file that could not be loaded counts as one failure, as does a run that failed with all of its tests passing.
   */
  vitest(report, exitCode) {
    const failedBefore = this.failed;
    if (report) {
      this.passed += report.numPassedTests;
      this.failed += report.numFailedTests;
      this.skipped += report.numPendingTests + report.numTodoTests;
      this.failed += report.testResults.filter((f) => f.status === 'failed' && f.assertionResults.length === 0).length;
    }
    if (exitCode !== 0 && this.failed === failedBefore) this.failed++;
  }

  get line() {
    return `${this.passed} passed, ${this.failed} failed${this.skipped > 0 ? `, ${this.skipped} skipped` : ''}`;
  }
}
