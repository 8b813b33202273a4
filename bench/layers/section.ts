import { runInProcess } from '../lib/child-process.js'
import type { Section } from '../lib/section.js'
import type { CountAssignment, CountResult } from './count-process.js'
import type { Profile } from './profile.js'
import type { ProfileAssignment } from './profile-process.js'
import { type CaseResult, formatCase } from './report.js'

const COUNT_PROCESS = new URL('./count-process.js', import.meta.url)
const PROFILE_PROCESS = new URL('./profile-process.js', import.meta.url)

interface Case {
  readonly name: string
  readonly title: string
  readonly count: CountAssignment
  readonly profile: ProfileAssignment
}

/** Frames between two sleeps of the receiver, while counting. */
const BURST_FRAMES = 64

const CASES: readonly Case[] = [
  {
    name: 'layers-raw-255',
    title: '64-byte records, publisher to `eachBatch`, 255 a frame',
    count: { name: 'raw-255', burst: 255 * BURST_FRAMES, bursts: 8 },
    profile: { name: 'raw-255', burst: 200_000, bursts: 50 },
  },
  {
    name: 'layers-raw-1',
    title: '64-byte records, `flush` after each, to `eachBatch`',
    count: { name: 'raw-1', burst: BURST_FRAMES, bursts: 64 },
    profile: { name: 'raw-1', burst: 100_000, bursts: 20 },
  },
  {
    name: 'layers-json',
    title: '4-field objects as JSON, `producer.send` of 1,000 to `eachMessage`',
    // 1,000 records are four frames.
    count: { name: 'json', burst: (1000 * BURST_FRAMES) / 4, bursts: 2 },
    profile: { name: 'json', burst: 100_000, bursts: 15 },
  },
]

const ABOUT = `What a message's way costs, layer by layer. Sender and receiver take turns in one thread: the sender
publishes ${BURST_FRAMES} frames, then the receiver is woken, handles them and sleeps again, so that what belongs to
a sleep stands there as 1/${BURST_FRAMES}. For the counts, other seams for memory and time ask the stack for whom each
operation is done, and time stands still: they are exact, and the same on every machine. A *64* at the end
marks operations on 64-bit words. Plain words are those that pass the seam; codecs and readers also look
at a record's bytes directly. *stage* and *encode* write the bytes into private memory, *copy* brings them
into the log. *open segment* comes once for each segment.

Time is another matter: shares of the self time of both sides in a CPU profile, with the real seams and
larger bursts, by the same table of functions. A profiler slows what it looks at, and what V8 inlines
may count for the function around it, such as a handler's loop for *handler call*.`

/** Exact counts, with the shares of a profile beside them. */
export const layers: Section = {
  name: 'layers',
  title: 'Where the time goes',
  roundsMax: 1,
  parts: CASES.map(({ name }) => name),
  claims: [],
  async measure({ isWanted, log }) {
    const results: CaseResult[] = []
    for (const one of CASES.filter(({ name }) => isWanted(name))) {
      log(one.title)
      const { name, title } = one
      const counted = await countCase(one.count)
      const profile = await runInProcess<Profile>(PROFILE_PROCESS, one.profile)
      results.push({ name, title, counted, profile })
    }
    return {
      blocks: [ABOUT, ...results.flatMap(formatCase)],
      claims: [],
      plots: [],
      measurements: results,
    }
  },
}

export function countCase(assignment: CountAssignment): Promise<CountResult> {
  return runInProcess(COUNT_PROCESS, assignment, ['millrace:count'])
}
