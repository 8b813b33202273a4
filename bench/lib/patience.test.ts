import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Patience } from './patience.js'

test('patience is used up by what is done on account of disturbances', async () => {
  const patience = new Patience(5)
  const first = await patience.spend(async () => {
    await sleep(20)
    return 'done'
  })
  assert.equal(first, 'done')
  assert.equal(patience.isExhausted, true)
  assert.equal(await patience.spend(async () => 'not done'), undefined)
})

test('who has no patience does not wait for a quiet machine', async () => {
  const patience = new Patience(0)
  await patience.awaitQuiet()
  assert.equal(patience.isExhausted, true)
})
