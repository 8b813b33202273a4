/** Counts a case, in a process with the condition `millrace:count`. */
import { readAssignment, reportResult } from '../lib/child-process.js'
import { type CaseName, openSubject } from './cases.js'
import { type Count, startCounting, stopCounting } from './tally.js'

export interface CountAssignment {
  readonly name: CaseName
  /** Records that are sent before the receiver has its turn. */
  readonly burst: number
  readonly bursts: number
}

export interface CountResult {
  readonly records: number
  readonly frames: number
  readonly counts: readonly Count[]
}

const { name, burst, bursts } = readAssignment<CountAssignment>()
const subject = await openSubject(name)
const run = async (): Promise<void> => {
  subject.send(burst)
  await subject.received()
}
await run()
startCounting()
for (let turn = 0; turn < bursts; turn++) await run()
const counts = stopCounting()
await subject.close()
const copies = counts.filter(({ kind }) => kind === 'copy')
const frames = copies.reduce((sum, { times }) => sum + times, 0)
reportResult({ records: burst * bursts, frames, counts } satisfies CountResult)
