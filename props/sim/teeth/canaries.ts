import type { Fault } from '../mutant-machine.js'
import type { ViolationKind } from '../scenario.js'
import { appending } from '../scenarios/log-append.js'
import { consuming } from '../scenarios/log-consume.js'
import type { Subject } from './subjects.js'
import { subjectNamed } from './subjects.js'
import { handling } from './variants.js'

/** An operation of the core: `file function`, which one of it, and perhaps for one caller only. */
type OperationName = readonly [site: string, operation: string, caller?: string]

/**
 * A known-bad variant of the shipped algorithm: the core with operations of it made wrong, or a
 * scenario that uses the core wrongly.
 */
export interface Canary {
  readonly name: string
  readonly operations: readonly OperationName[]
  readonly fault: Fault
  /** The scenario that shows it. */
  readonly subject: () => Subject
  readonly finds: ViolationKind
}

const APPENDER = 'core/log/appender.ts'
const CURSOR = 'core/group/cursor.ts'
const RECYCLER = 'core/log/recycler.ts'
const REPAIR = 'core/log/repair.ts'
const WAIT_SET = 'core/log/wait-set.ts'
const WAKE = 'core/thread-table.ts ThreadTable.wake'

const CONSUME = named('consume: one producer, from 0')
const DEATHS = named('consume: a producer dies, from 0')
const RECYCLING = named('append: three producers, from 0')
const READ = named('read under a pin: all live, from 0')
const SEEK = named('seek while owned, from 0')

function named(name: string): () => Subject {
  return () => subjectNamed(name)
}

/** Made of the shipped core: operations are left out, come late, or are not what they were. */
const MUTANTS: readonly Canary[] = [
  {
    name: 'publish before payload',
    operations: [[`${APPENDER} Appender.fill`, 'copy']],
    fault: 'late',
    subject: CONSUME,
    finds: 'race',
  },
  {
    name: 'publish without a look whether the claim is still mine',
    operations: [[`${APPENDER} Appender.publish`, 'compareExchange']],
    fault: 'blind',
    subject: named('held for dead, and alive'),
    finds: 'check',
  },
  {
    name: 'free before read: pins ignored',
    operations: [[`${RECYCLER} isPinned`, 'load 2']],
    fault: 'drop',
    subject: READ,
    finds: 'race',
  },
  {
    name: 'free before read: gates ignored',
    operations: [[`${RECYCLER} gatesAllow`, 'load 2']],
    fault: 'drop',
    subject: named('subscribe: all live, from 0'),
    finds: 'check',
  },
  {
    name: 'no seal',
    operations: [[`${RECYCLER} openUnderLease`, 'store 1']],
    fault: 'drop',
    subject: READ,
    finds: 'race',
  },
  {
    name: 'no epoch check: a commit is not fenced',
    operations: [[`${CURSOR} commit`, 'compareExchangeLong']],
    fault: 'blind',
    subject: SEEK,
    finds: 'check',
  },
  {
    name: 'notify dropped',
    operations: [[WAKE, 'notify']],
    fault: 'drop',
    subject: CONSUME,
    finds: 'deadlock',
  },
  {
    name: 'notify dropped, data side: a publish wakes nobody',
    operations: [[`${WAIT_SET} wakeSleepers`, 'load', 'Appender.wakeSleepers']],
    fault: 'drop',
    subject: CONSUME,
    finds: 'deadlock',
  },
  {
    name: 'notify dropped, space side: nobody who lets go wakes',
    operations: [[`${WAIT_SET} hasSleepers`, 'load', 'wakeProducers']],
    fault: 'drop',
    subject: CONSUME,
    finds: 'deadlock',
  },
  {
    name: 'split compare-exchange: claim',
    operations: [[`${APPENDER} Appender.claim`, 'compareExchange']],
    fault: 'split',
    subject: RECYCLING,
    finds: 'race',
  },
  {
    name: 'split compare-exchange: tail',
    operations: [['core/log/tail.ts advanceTail', 'compareExchangeLong']],
    fault: 'split',
    subject: named('duel: the tail'),
    finds: 'check',
  },
  {
    name: 'split compare-exchange: cursor',
    operations: [[`${CURSOR} commit`, 'compareExchangeLong']],
    fault: 'split',
    subject: SEEK,
    finds: 'check',
  },
  {
    name: 'split compare-exchange: lease',
    operations: [[`${RECYCLER} openSegment`, 'compareExchange 1']],
    fault: 'split',
    subject: RECYCLING,
    finds: 'race',
  },
  {
    name: 'lease taken over from the living',
    operations: [[`${RECYCLER} openSegment`, 'compareExchange 1']],
    fault: 'blind',
    subject: RECYCLING,
    finds: 'race',
  },
  {
    name: 'no repair of claims',
    operations: [[`${REPAIR} abortClaims`, 'compareExchange']],
    fault: 'drop',
    subject: DEATHS,
    finds: 'deadlock',
  },
  {
    name: 'no repair of the lease',
    operations: [[`${REPAIR} repairLog`, 'compareExchange']],
    fault: 'drop',
    subject: named('duel: a death under the lease'),
    finds: 'check',
  },
  {
    name: 'no repair of pins',
    operations: [[`${REPAIR} repairLog`, 'store']],
    fault: 'drop',
    subject: named('read under a pin: the visitor dies, from 0'),
    finds: 'deadlock',
  },
  {
    name: 'no repair of what a dead waker owed',
    operations: [[WAKE, 'notify', 'ThreadTable.wakeAll']],
    fault: 'drop',
    subject: DEATHS,
    finds: 'deadlock',
  },
]

/** Made of scenarios: the core is right, but is used wrongly. */
const VARIANTS: readonly Canary[] = [
  {
    name: 'no repair at all',
    subject: () => {
      const { repair: _, ...scenario } = appending('no repair', {
        segmentCount: 4,
        segmentGranules: 4,
        start: 'from 0',
        shipments: [[{ count: 1, granules: 1 }]],
      })
      return { scenario, bounds: { preemptions: 0, crashes: 1 } }
    },
    finds: 'check' as const,
  },
  {
    name: 'commit before handler',
    subject: () => ({
      scenario: handling('commit first'),
      bounds: { preemptions: 1, crashes: 1 },
    }),
    finds: 'check' as const,
  },
  {
    name: 'signal read late',
    subject: () => ({
      scenario: consuming('the signal is read late', {
        segmentCount: 4,
        segmentGranules: 2,
        start: 'from 0',
        frames: [1, 1],
        mortal: [],
        fault: 'signal read late',
      }),
      bounds: { preemptions: 2, crashes: 0 },
    }),
    finds: 'deadlock' as const,
  },
].map((variant) => ({ ...variant, operations: [], fault: 'drop' }))

export const CANARIES: readonly Canary[] = [...MUTANTS, ...VARIANTS]
