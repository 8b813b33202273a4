/** Measures a case with the real memory: where the time goes, and what is allocated. */
import { Session } from 'node:inspector/promises'
import { AllocationMeter } from '../lib/allocation-meter.js'
import { readAssignment, reportResult } from '../lib/child-process.js'
import { type CaseName, openSubject } from './cases.js'
import { type Profile, summarizeProfile } from './profile.js'

export interface ProfileAssignment {
  readonly name: CaseName
  /** Records that are sent before the receiver has its turn. */
  readonly burst: number
  readonly bursts: number
}

const SAMPLING_MICROSECONDS = 100
const WARM_UP_BURSTS = 3

const { name, burst, bursts } = readAssignment<ProfileAssignment>()
const subject = await openSubject(name)
for (let turn = 0; turn < WARM_UP_BURSTS; turn++) await run()
const profile = await measureProfile()
const heap = await measureHeap()
await subject.close()
reportResult({ ...profile, ...heap } satisfies Profile)

async function run(): Promise<void> {
  subject.send(burst)
  await subject.received()
}

async function measureHeap(): Promise<{ senderHeapBytes: number; receiverHeapBytes: number }> {
  const meter = new AllocationMeter()
  meter.start()
  subject.send(burst)
  const senderHeapBytes = meter.stop() / burst
  meter.start()
  await subject.received()
  return { senderHeapBytes, receiverHeapBytes: meter.stop() / burst }
}

async function measureProfile(): Promise<ReturnType<typeof summarizeProfile>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS })
  await session.post('Profiler.start')
  for (let turn = 0; turn < bursts; turn++) await run()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  return summarizeProfile(profile)
}
