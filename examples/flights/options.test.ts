import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ALL_FLIGHTS, parseOptions, UsageError } from './options.js'

describe('the arguments of the main job', () => {
  it('has defaults for all of them', () => {
    assert.deepEqual(parseOptions([]), {
      json: false,
      workers: 2,
      partitions: 8,
      limit: ALL_FLIGHTS,
      sabotage: false,
      help: false,
    })
  })

  it('reads every option', () => {
    const args = '--json --workers 3 --partitions=5 --limit 20000 --sabotage --help'.split(' ')
    assert.deepEqual(parseOptions(args), {
      json: true,
      workers: 3,
      partitions: 5,
      limit: 20_000,
      sabotage: true,
      help: true,
    })
  })

  for (const [args, message] of [
    [['--workers', '0'], /--workers must be a whole number from 1 to 16, not '0'/],
    [['--workers', 'two'], /--workers .* not 'two'/],
    [['--partitions', '1e1'], /--partitions .* not '1e1'/],
    [['--partitions=-1'], /--partitions .* not '-1'/],
    [['--limit', '3000001'], /--limit .* from 1000 to 3000000, not '3000001'/],
    [['--limit', ''], /--limit .* not ''/],
    [['--limit'], /--limit/],
    [['--wrokers', '2'], /--wrokers/],
    [['flights'], /flights/],
  ] as const) {
    it(`refuses ${args.join(' ')}`, () => {
      assert.throws(
        () => parseOptions(args),
        (error) => error instanceof UsageError && message.test(error.message),
      )
    })
  }
})
