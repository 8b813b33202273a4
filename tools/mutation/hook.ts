/**
 * Imported before a test file (`node --import`) by the runner of mutation tests.
 *
 * - Properties draw the same values in every run, so that a survivor is no matter of luck, and stop
 *   at the first failure: nobody needs a smaller one here.
 * - At the exit, the mutants that this file has reached go to the file that is asked for.
 */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import fc from 'fast-check'
import { COVERAGE_VARIABLE, HIT_LIMIT_VARIABLE } from './variables.js'

const context: { mutantCoverage?: { static?: object }; hitCount?: number; hitLimit?: number } = {}
Object.assign(globalThis, { __stryker__: context })

const hitLimit = process.env[HIT_LIMIT_VARIABLE]
if (hitLimit !== undefined) Object.assign(context, { hitCount: 0, hitLimit: Number(hitLimit) })

const coverageFile = process.env[COVERAGE_VARIABLE]
if (coverageFile !== undefined) {
  process.on('exit', () => {
    writeFileSync(coverageFile, JSON.stringify(context.mutantCoverage?.static ?? {}))
  })
}

fc.configureGlobal({ seed: 2026, endOnFailure: true })
