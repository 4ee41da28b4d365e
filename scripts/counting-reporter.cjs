// Mocha's spec reporter, which also adds a line with its counts (passed, failed, skipped) to the file that
// TEST_COUNTS names. Used by .ci/run.
'use strict'

const { appendFileSync } = require('node:fs')
const { reporters, Runner } = require('mocha')

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats
      appendFileSync(process.env.TEST_COUNTS, `${passes} ${failures} ${pending}\n`)
    })
  }
}
