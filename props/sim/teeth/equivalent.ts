/*
 * What may survive, and why: mutants by what `nameOf` makes of them. The run fails for a name that
 * no longer exists, and for one that was killed.
 */

const COORDINATOR_ONLY = [
  'Only `Coordinator.holdFrom` activates gates, one at a time, and nobody else begins an epoch in one',
  'that is not active: a commit of the group before comes first and is overwritten, or is refused.',
].join(' ')

const HELD_BY_NOBODY = [
  'Redundant: what is held counts only while the gate has a holder, and whoever becomes that holds',
  'its own place before it is sure of its epoch.',
].join(' ')

const PUBLISHED_LATER = 'The store of the state, which comes after them, publishes all together.'

const LEASE = 'Written under the lease only, and read under it: the lease orders them.'

const PINNED = 'Under a pin or a gate nobody writes to it, and it was written before the state was.'

const OWN_ORDER =
  'The two stores are not looked at in between: the seal comes before, the fill after.'

const OWN_LEASE = 'The lease is the own one until here: only proof of death takes it away.'

const ONLY_COSTS = 'Only costs: wakers look for sleepers in vain.'

const SIGNAL_RACE = [
  'A wake-up that is lost by another one comes with it: the work of both was there before either',
  'changed the signal, and a sleeper reads it before its last look.',
].join(' ')

const REPAIR_ORDER =
  'The steps of a repair may come in any order: whoever waits is woken at its end.'

const NOTE = 'Only the repair reads the note, after proof of death, which orders it.'

const REASONS: readonly (readonly [reason: string, mutants: readonly string[]])[] = [
  [
    COORDINATOR_ONLY,
    [
      'core/group/cursor.ts beginEpoch < activateGate: compareExchangeLong split',
      'core/group/cursor.ts beginEpoch < activateGate: compareExchangeLong blind',
      'core/thread-table.ts raiseTo < activateGate: compareExchange blind',
      'core/thread-table.ts raiseTo < activateGate: compareExchange split',
      'core/thread-table.ts raiseTo < activateGate: load plain',
    ],
  ],
  [
    HELD_BY_NOBODY,
    [
      'core/group/cursor.ts hold < activateGate: store late',
      'core/group/cursor.ts hold < activateGate: store drop',
      'core/group/cursor.ts hold < activateGate: store plain',
    ],
  ],
  [
    'An older place holds more than is needed, and a commit or a seek wakes who waited for it.',
    ['core/group/cursor.ts hold: store late'],
  ],
  [
    PUBLISHED_LATER,
    [
      'core/group/cursor.ts markDelivered < activateGate: store late',
      'core/group/cursor.ts setPaused < activateGate: store late',
      'core/group/cursor.ts activateGate: store 1 late',
    ],
  ],
  [
    'Whoever relies on it reads it once a call is in hand, or its owner is dead.',
    ['core/group/cursor.ts markDelivered: store late'],
  ],
  [
    'Counts redeliveries, for whoever owns the partition next: nobody relies on its order.',
    ['core/group/cursor.ts markDelivered < seekCursor: store late'],
  ],
  [
    'A claim is its owner’s alone until the owner is proven dead.',
    [
      'core/log/appender.ts Appender.publish < commitDeadLetter: compareExchange blind',
      'core/log/appender.ts Appender.publish < commitDeadLetter: compareExchange split',
      'core/log/appender.ts Appender.withdraw < commitDeadLetter: compareExchange blind',
      'core/log/appender.ts Appender.withdraw < commitDeadLetter: compareExchange split',
      'core/log/appender.ts Appender.withdraw: compareExchange blind',
      'core/log/appender.ts Appender.withdraw: compareExchange split',
    ],
  ],
  [
    'A pin that is refused is followed by another one, or the segment is used again: both wake.',
    ['core/log/finder.ts unpin < pin: store late'],
  ],
  [
    'Up to where gaps are counted was read after the segment was opened.',
    ['core/log/partition-log.ts PartitionLog.isOpen < countGaps: load plain'],
  ],
  [
    LEASE,
    [
      'core/log/partition-log.ts PartitionLog.isOpen < openUnderLease: load plain',
      'core/log/partition-log.ts PartitionLog.segmentUse < openUnderLease: load plain',
      'core/log/recycler.ts isWhole < openUnderLease: load 1 plain',
      'core/log/recycler.ts isWhole < reopenWhole: load 1 plain',
      'core/log/recycler.ts reopenWhole < repairLog: load plain',
      'core/log/recycler.ts openUnderLease < openSegment: load plain',
    ],
  ],
  [
    PINNED,
    [
      'core/log/partition-log.ts PartitionLog.segmentOffset < frameHolding: load 1 plain',
      'core/log/partition-log.ts PartitionLog.segmentOffset < frameHolding: load 2 plain',
      'core/log/partition-log.ts PartitionLog.segmentOffset < heldPlace: load 1 plain',
      'core/log/partition-log.ts PartitionLog.segmentOffset < heldPlace: load 2 plain',
      'core/log/partition-log.ts PartitionLog.segmentOffset < pinOldest: load 1 plain',
      'core/log/partition-log.ts PartitionLog.segmentOffset < pinOldest: load 2 plain',
    ],
  ],
  [
    OWN_ORDER,
    [
      'core/log/partition-log.ts PartitionLog.setSegmentOffset < openUnderLease: store 1 late',
      'core/log/partition-log.ts PartitionLog.setSegmentOffset < openUnderLease: store 2 late',
      'core/log/recycler.ts openUnderLease < openSegment: store 3 late',
    ],
  ],
  [
    OWN_LEASE,
    [
      'core/log/recycler.ts openSegment < Appender.enterSegment: compareExchange 2 blind',
      'core/log/recycler.ts openSegment < Appender.enterSegment: compareExchange 2 split',
    ],
  ],
  [
    'Nobody takes the lease of one that is dead before this gives it up.',
    [
      'core/log/repair.ts repairLog: compareExchange blind',
      'core/log/repair.ts repairLog: compareExchange split',
      'core/log/repair.ts repairLog < Coordinator.buryThread: compareExchange blind',
      'core/log/repair.ts repairLog < Coordinator.buryThread: compareExchange split',
    ],
  ],
  [
    'Only the coordinator assigns; members look again once it has advanced the generation.',
    [
      'core/group/cursor.ts assign < Coordinator.rebalance: store late',
      'core/group/cursor.ts assignedTo < Coordinator.rebalance: load plain',
    ],
  ],
  [
    NOTE,
    [
      'core/group/dead-letter-commit.ts commitDeadLetter: store 1 late',
      'core/group/dead-letter-commit.ts commitDeadLetter: store 1 plain',
      'core/group/dead-letter-commit.ts commitDeadLetter: store 2 plain',
      'core/group/dead-letter-commit.ts commitDeadLetter: store 3 plain',
      'core/group/dead-letter-commit.ts commitDeadLetter: store 4 late',
      'core/group/dead-letter-commit.ts commitDeadLetter: store 4 plain',
    ],
  ],
  [
    NOTE,
    [
      'core/group/dead-letter-commit.ts settleDeadLetter: compareExchange blind',
      'core/group/dead-letter-commit.ts settleDeadLetter: compareExchange split',
      'core/group/dead-letter-commit.ts settleDeadLetter: load 1 plain',
      'core/group/dead-letter-commit.ts settleDeadLetter: load 2 plain',
      'core/group/dead-letter-commit.ts settleDeadLetter: load 3 plain',
      'core/group/dead-letter-commit.ts settleDeadLetter: load 4 plain',
      'core/group/dead-letter-commit.ts settleDeadLetter: store late',
      'core/group/dead-letter-commit.ts settleDeadLetter: store plain',
      'core/group/dead-letter-commit.ts settleDeadLetter < Coordinator.takeBack: load 1 plain',
    ],
  ],
  [
    'The next atomic operation is the store of the note: long before the letter is published.',
    [
      'core/log/appender.ts Appender.fill < commitDeadLetter: copy late',
      'core/log/appender.ts Appender.fill < commitDeadLetter: write 1 late',
      'core/log/appender.ts Appender.fill < commitDeadLetter: write 2 late',
      'core/log/appender.ts Appender.fill < commitDeadLetter: write 3 late',
      'core/log/appender.ts Appender.fill < commitDeadLetter: write 4 late',
      'core/log/appender.ts Appender.fill < commitDeadLetter: write 5 late',
      'core/log/appender.ts Appender.fill < commitDeadLetter: write 6 late',
      'core/log/appender.ts Appender.fill < commitDeadLetter: writeDouble 1 late',
      'core/log/appender.ts Appender.fill < commitDeadLetter: writeDouble 2 late',
    ],
  ],
  [
    REPAIR_ORDER,
    [
      'core/log/repair.ts repairLog: store late',
      'core/log/repair.ts repairLog < Coordinator.buryThread: store late',
    ],
  ],
  [
    'Under the lease the tail cannot pass the segment that is not open yet.',
    [
      'core/log/tail.ts advanceTail < openUnderLease: compareExchangeLong blind',
      'core/log/tail.ts advanceTail < openUnderLease: compareExchangeLong split',
    ],
  ],
  [
    [
      'Only wakes for nothing: the thread looks at its signal before it enlists again, and a dead one’s',
      'slot is given back later.',
    ].join(' '),
    [
      'core/log/wait-set.ts withdraw: and late',
      'core/log/wait-set.ts withdraw < repairLog 1: and late',
      'core/log/wait-set.ts withdraw < repairLog 2: and late',
    ],
  ],
  [
    'Everyone is woken once more at the end of a burial, by a `wakeAll` that comes after the add.',
    ['core/thread-table.ts ThreadTable.advanceGeneration < Coordinator.buryThread: add late'],
  ],
  [
    'Only holders write the note, one after the other: taking the partition over orders them.',
    ['core/group/attempt.ts noteFailed: load plain'],
  ],
  [
    'A note counts only for the record that it names, so it does not matter when it is forgotten.',
    ['core/group/attempt.ts forgetFailed: store late'],
  ],
  [ONLY_COSTS, ['core/log/wait-set.ts wakeWords < wakeSleepers: and drop']],
  [
    SIGNAL_RACE,
    [
      'core/thread-table.ts ThreadTable.wake < wakeWords: add split',
      'core/thread-table.ts ThreadTable.wake < ThreadTable.wakeAll: add split',
    ],
  ],
  [
    [
      'Gates only come, and a new one keeps the log: an older count wakes in vain. So does an older',
      'holder, if the partition was taken since. If it was given back, that woke everyone: a producer',
      'that sleeps again has enlisted after it, and whoever sees it enlisted sees no holder.',
    ].join(' '),
    [
      'core/log/recycler.ts gatesAllow < wakeProducers: load 1 plain',
      'core/log/recycler.ts isHeld < wakeProducers: load 1 plain',
      'core/log/recycler.ts isHeld < wakeProducers: load 2 plain',
    ],
  ],
  [
    'It comes before the first thread is woken.',
    ['core/thread-table.ts ThreadTable.close: store late'],
  ],
]

/** Mutants that may survive, and why. */
export const EQUIVALENT: ReadonlyMap<string, string> = new Map(
  REASONS.flatMap(([reason, mutants]) => mutants.map((name) => [name, reason] as const)),
)

/** Mutants that no scenario kills, and what does. */
export const KILLED_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  [
    'core/log/recycler.ts openUnderLease < openSegment: store 3 drop',
    [
      'Matters to a thread that slept while all 2^32 positions went by: killed by the test of such a',
      'thread in core/log/appender-steps.test.ts.',
    ].join(' '),
  ],
])

const BEFORE_ANYONE = 'Before the memory is shared.'

const HINT_FOR_SPIN = 'Whether a worker spins before it sleeps: nobody relies on it.'

/** Operations that no scenario comes by, and why. */
export const UNREACHED: ReadonlyMap<string, string> = new Map([
  ['core/log/partition-log.ts PartitionLog.constructor: load', BEFORE_ANYONE],
  ['core/log/partition-log.ts PartitionLog.create: write 1', BEFORE_ANYONE],
  ['core/log/partition-log.ts PartitionLog.create: write 2', BEFORE_ANYONE],
  ['core/log/partition-log.ts PartitionLog.create: store', BEFORE_ANYONE],
  ['core/log/partition-log.ts PartitionLog.begin: store 1', BEFORE_ANYONE],
  ['core/log/partition-log.ts PartitionLog.begin: store 2', BEFORE_ANYONE],
  ['core/log/partition-log.ts PartitionLog.begin: fill', BEFORE_ANYONE],
  ['core/log/partition-log.ts PartitionLog.begin: storeLong', BEFORE_ANYONE],
  ['core/thread-table.ts ThreadTable.countTaken: load 1', HINT_FOR_SPIN],
  ['core/thread-table.ts ThreadTable.countTaken: load 2', HINT_FOR_SPIN],
])
