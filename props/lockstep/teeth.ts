/**
 * Makes one real operation wrong at a time, and shows that lock-step reports each of them:
 *
 *     node --conditions=millrace:sim dist/props/lockstep/teeth.js
 *
 * Prints one JSON object per fault: `fault`, its name in `faults.ts`; `isReported`; `difference`, as
 * it is reported, if it is. Exits with 1 if one is not.
 */
import { everyOperation } from './every-operation.js'
import { faults } from './faults.js'
import { LockStep } from './lock-step.js'
import { Troupe } from './troupe.js'

for (const fault of Object.keys(faults)) {
  const troupe = new Troupe(fault)
  const { difference } = await new LockStep(everyOperation(), troupe).perform([])
  await troupe.dismiss()
  console.log(JSON.stringify({ fault, isReported: difference !== undefined, difference }))
  if (difference === undefined) process.exitCode = 1
}
