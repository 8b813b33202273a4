import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LogMachine } from './log-machine.js'
import { type Action, type Setting, script, setting } from './log-script.js'

function run(where: Setting, actions: readonly Action[]): LogMachine {
  const machine = new LogMachine(where)
  machine.run(actions)
  machine.finish()
  return machine
}

/*
 * What the machine holds at every step: an offset is given once, and rises from call to call
 * (offset-monotone); who polls gets each record, unchanged, and passes over gaps alone
 * (poll-contiguity, no-phantom); what a group has not committed or a thread has pinned stays
 * (block-retention); what is refused has a reason. And in the end everything that was acknowledged
 * has been read (no-loss), and the log goes on for laps (no stall).
 */
test('whatever threads do, and wherever they sleep or die, the log is an array', () => {
  fc.assert(
    fc.property(setting, script, (where, actions) => {
      run(where, actions)
    }),
    { numRuns: 1_000 },
  )
})

test('the scripts reach what they are about', () => {
  const reached = new Set<string>()
  const parameters = { seed: 1, numRuns: 800 }
  for (const [where, actions] of fc.sample(fc.tuple(setting, script), parameters)) {
    for (const mark of run(where, actions).marks) reached.add(mark)
  }
  assert.deepEqual([...reached].sort(), [
    'counted gaps',
    'died with a claim',
    'died with the lease',
    'found out what is gone',
    'full',
    'joined in mid-log',
    'passed over a gap',
    'recycled',
    'refused to commit back',
    'slept for a lap',
    'sought back',
    'unpinned',
  ])
})
