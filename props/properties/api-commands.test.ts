import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createEngine, utf8 } from '../../workers/index.js'
import { commands } from './api-commands.js'
import { Model, PARTITIONS } from './api-model.js'

const { MILLRACE_RUNS = '1' } = process.env
const RUNS = 25

async function follow(model: Model, script: Iterable<fc.AsyncCommand<Model, never>>) {
  const topic = { partitions: PARTITIONS, codec: utf8(), memory: '128KiB' }
  await using engine = await createEngine({ topics: { a: topic, b: topic } })
  await fc.asyncModelRun(() => ({ model, real: engine as never }), script)
}

test('whatever is called in whatever order, topics and groups are arrays with cursors', async () => {
  const property = fc.asyncProperty(commands, (script) => follow(new Model(), script as never))
  await fc.assert(property, { numRuns: RUNS * Number(MILLRACE_RUNS) })
})

test('a model that commits a record too early is contradicted', async () => {
  class Hasty extends Model {
    override open(...group: Parameters<Model['open']>) {
      const opened = super.open(...group)
      opened.committed[0] = Math.min(1, this.log(opened.topic, 0).length)
      return opened
    }
  }
  const property = fc.asyncProperty(commands, (script) => follow(new Hasty(), script as never))
  const { failed } = await fc.check(property, { seed: 1, numRuns: RUNS, endOnFailure: true })
  assert.equal(failed, true)
})
