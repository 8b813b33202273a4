/** For each anomaly a small change of a valid history that brings it about. */
import type { AnomalyName } from './anomalies.js'
import type {
  CommitOperation,
  History,
  Operation,
  Partition,
  SendDetails,
  Value,
} from './history.js'
import type { Draw } from './model-log.js'
import {
  allPolled,
  append,
  change,
  isAcknowledged,
  type Polled,
  pick,
  readsOf,
  sendsOf,
  valueOfSend,
  withoutRecord,
  withPairs,
  withSends,
} from './mutation-tools.js'

/** @returns undefined if the history has no place for it */
export type Mutation = (history: History, draw: Draw) => History | undefined

/** Offsets and values that no model comes to. */
const FAR = 1_000_000

export const MUTATIONS: Readonly<Record<AnomalyName, Mutation>> = {
  'inconsistent-offsets': onPolled((history, { partition, offset }) => {
    return append(history, (writer) => writer.sent('other', partition, [[offset, FAR]]))
  }),
  duplicate: onPolled((history, { partition, value }) => {
    return append(history, (writer) => writer.polled('other', partition, [[FAR, value]]))
  }),
  'lost-write': onOwed((history, polled) => withoutRecord(history, polled)),
  unseen(history, draw) {
    const newest = new Map<Partition, Polled>()
    for (const polled of allPolled(history)) {
      const { partition, offset, value } = polled
      if (offset < (newest.get(partition)?.offset ?? -1)) continue
      if (isAcknowledged(history, partition, value)) newest.set(partition, polled)
    }
    const polled = pick([...newest.values()], draw)
    return polled && withoutRecord(history, polled)
  },
  G1a: onPolled(
    (history, { partition, value }) => {
      return change(history, (op) => {
        const names = sendsOf(op).some(
          (send) => send.partition === partition && send.value === value,
        )
        return names ? { ...op, type: 'fail' } : op
      })
    },
    (polled, history) => isAcknowledged(history, polled.partition, polled.value),
  ),
  'precommitted-read': onPolled((history, { at, partition, offset, value, op }) => {
    const own = ['send', partition, [offset, value]] as const
    return change(history, (other, position) => {
      return position === at ? { ...op, f: 'txn', value: [own, ...op.value] } : other
    })
  }),
  phantom: onPolled((history, { partition, value }) => {
    return change(history, (op) => {
      return withSends(op, (micro) => {
        return micro[1] === partition && valueOfSend(micro) === value ? [] : [micro]
      })
    })
  }),

  'poll-skip'(history, draw) {
    const polls = consecutivePolls(history)
    const middle = polls.filter(([before, at]) => {
      const reads = readsOf(history[at] as Operation)
      const last = readsOf(history[before] as Operation).at(-1)
      const isNext = (last?.offset ?? FAR) < (reads[0]?.offset ?? 0)
      const isFollowed = polls.some(([previous, next]) => {
        const after = readsOf(history[next] as Operation)[0]
        return previous === at && (after?.offset ?? 0) > (reads.at(-1)?.offset ?? FAR)
      })
      return isNext && isFollowed && reads.some((read) => isOwed(history, read))
    })
    const skipped = pick(middle, draw)
    return skipped && change(history, (op, at) => (at === skipped[1] ? undefined : op))
  },
  'nonmonotonic-poll': onPolled((history, { at }) => {
    return change(history, (op, position) => {
      return position === at && op.f === 'poll' ? [op, { ...op, attempt: 1 }] : op
    })
  }),
  'nonmonotonic-send': onPolled((history, { partition }) => {
    return append(history, (writer) => {
      writer.sent('other', partition, [[FAR + 1, FAR]]).sent('other', partition, [[FAR, FAR + 1]])
    })
  }),
  'int-poll-skip'(history, draw) {
    const inner = allPolled(history).filter(({ op, offset, value, partition }) => {
      const reads = readsOf(op)
      const isInside = reads[0]?.offset !== offset && reads.at(-1)?.offset !== offset
      return isInside && isOwed(history, { partition, offset, value })
    })
    const polled = pick(inner, draw)
    return polled && withoutRecord(history, polled, (op) => op === polled.op)
  },
  'int-nonmonotonic-poll'(history, draw) {
    const polled = pick(
      allPolled(history).filter(({ op }) => readsOf(op).length > 1),
      draw,
    )
    const reverse = (op: Operation) =>
      op === polled?.op ? withPairs(polled.op, (pairs) => pairs.toReversed()) : op
    return polled && change(history, reverse)
  },
  'int-send-skip'(history, draw) {
    const batch = pick(
      history.filter((op) => sendsOf(op).length > 2),
      draw,
    )
    const [, middle] = batch === undefined ? [] : sendsOf(batch)
    if (batch === undefined || middle === undefined) return undefined
    const { partition, offset, value } = middle
    const without = change(history, (op) => {
      return withSends(op, (micro) => (valueOfSend(micro) === value ? [] : [micro]))
    })
    return append(without, (writer) => writer.sent('other', partition, [[offset, value]]))
  },
  'int-nonmonotonic-send'(history, draw) {
    const batch = pick(
      history.filter((op) => sendsOf(op).length > 1),
      draw,
    )
    return batch && change(history, (op) => (op === batch ? reversed(op) : op))
  },

  'stale-commit-accepted'(history, draw) {
    const commit = pick(history.filter(isCommit), draw)
    const [at] = Object.entries(commit?.value ?? {})
    if (commit === undefined || at === undefined) return undefined
    const [partition, { offset, epoch = 0 }] = at
    const group = { group: commit.group ?? '' }
    return append(history, (writer) => {
      writer
        .assigned('heir', { [partition]: { epoch: epoch + 100, from: FAR } }, group)
        .add({ ...commit, type: 'invoke' })
        .committed(commit.process, partition, { offset: FAR + offset, epoch }, group)
    })
  },
  'commit-before-handled': onOwed((history, { partition, offset, op: { group } }) => {
    return change(history, (op) => {
      if (op.f !== 'handle' || op.type !== 'ok' || op.group !== group) return op
      const { [partition]: offsets, ...rest } = op.value
      const left = offsets?.filter((handled) => handled !== offset)
      return { ...op, value: left === undefined ? rest : { ...rest, [partition]: left } }
    })
  }, isOfGroup),
  'gap-uncounted': onOwed((history, polled) => {
    return withoutRecord(history, polled, (op) => op.group === polled.op.group)
  }, isOfGroup),
  'order-after-rewind'(history, draw) {
    const beginnings = history.flatMap((op, at) => {
      if (op.f !== 'assign') return []
      return Object.entries(op.owned ?? {}).flatMap(([partition, { from = 0 }]) => {
        const first = history.slice(at + 1).find((next) => {
          const isSame = next.process === op.process && next.group === op.group
          return isSame && (next.f === 'assign' || readsOf(next)[0]?.partition === partition)
        })
        const known = allPolled(history).find((read) => {
          return read.partition === partition && read.offset < from && isOwed(history, read)
        })
        return first?.f === 'poll' && known ? [{ at, partition, from: known.offset }] : []
      })
    })
    const place = pick(beginnings, draw)
    if (place === undefined) return undefined
    return change(history, (op, at) => {
      if (at !== place.at || op.f !== 'assign') return op
      const owned = { ...op.owned?.[place.partition], from: place.from }
      return { ...op, owned: { ...op.owned, [place.partition]: owned } }
    })
  },

  'key-order-violation'(history, draw) {
    const details = detailsOf(history)
    const polled = allPolled(history).filter(isOfGroup)
    const pairs = polled.flatMap((later) => {
      const key = details.get(later.value)?.key
      const earlier = polled.find((read) => {
        const isBefore = read.partition === later.partition && read.offset < later.offset
        return isBefore && read.op.group === later.op.group && details.get(read.value)?.key === key
      })
      return earlier !== undefined && isOwed(history, earlier) ? [{ earlier, later }] : []
    })
    const pair = pick(pairs, draw)
    if (pair === undefined) return undefined
    const { earlier, later } = pair
    const { group } = later.op
    const without = withoutRecord(history, earlier, (op) => op.group === group)
    return append(without, (writer) => {
      const context = group === undefined ? {} : { group }
      writer.polled(later.op.process, later.partition, [[earlier.offset, earlier.value]], context)
    })
  },
  'count-lost-on-crash'(history, draw) {
    const again = history.filter((op, at) => {
      const first = readsOf(op)[0]
      if (op.f !== 'poll' || (op.attempt ?? 1) < 2 || first === undefined) return false
      return history.slice(0, at).some((before, failed) => {
        const goesOn = history.slice(failed + 1).some((later) => {
          return later.process === before.process && later.f !== 'death'
        })
        const succeeded = history.slice(failed, at).some((later) => handles(later, 'ok', op, first))
        return goesOn && !succeeded && handles(before, 'fail', op, first)
      })
    })
    const poll = pick(again, draw)
    return (
      poll && change(history, (op) => (op === poll && op.f === 'poll' ? { ...op, attempt: 1 } : op))
    )
  },
  'dlq-and-processed': onOwed(
    (history, { partition, offset, op: { group = '' } }) => {
      return append(history, (writer) => writer.peeked('main', partition, [offset], { group }))
    },
    (polled, history) => isOfGroup(polled) && !mayExpire(history, polled),
  ),
  'expired-delivered': onPolled((history, { value, op }) => {
    return withDetails(history, value, { expiresMs: op.timeMs ?? 0 })
  }, isTimed),
  'early-delivery': onPolled((history, { value, op }) => {
    return withDetails(history, value, { notBeforeMs: (op.timeMs ?? 0) + 1 })
  }, isTimed),
}

type Wanted = (polled: Polled, history: History) => boolean

/** A mutation at any record of any poll that is wanted. */
function onPolled(
  mutate: (history: History, polled: Polled) => History,
  isWanted: Wanted = () => true,
): Mutation {
  return (history, draw) => {
    const polled = pick(
      allPolled(history).filter((candidate) => isWanted(candidate, history)),
      draw,
    )
    return polled && mutate(history, polled)
  }
}

/** The same at a record that every group must get. */
function onOwed(
  mutate: (history: History, polled: Polled) => History,
  isWanted: Wanted = () => true,
): Mutation {
  return onPolled(mutate, (polled, history) => isWanted(polled, history) && isOwed(history, polled))
}

/** Acknowledged, not given up, and not the last one. */
function isOwed(
  history: History,
  { partition, offset, value }: Pick<Polled, 'partition' | 'offset' | 'value'>,
): boolean {
  const isGivenUp = history.some((op) => {
    return op.f === 'dead-letter' && op.value[partition]?.includes(offset) === true
  })
  if (isGivenUp || !isAcknowledged(history, partition, value)) return false
  return allPolled(history).some((read) => read.partition === partition && read.offset > offset)
}

function isOfGroup({ op }: Polled): boolean {
  return op.group !== undefined
}

function handles(
  op: Operation,
  type: 'ok' | 'fail',
  { group }: Operation,
  { partition, offset }: Polled,
): boolean {
  if (op.f !== 'handle' || op.type !== type || op.group !== group) return false
  return op.value[partition]?.includes(offset) === true
}

function isTimed({ op }: Polled): boolean {
  return op.timeMs !== undefined
}

function isCommit(op: Operation): op is CommitOperation {
  return op.f === 'commit' && op.type === 'ok'
}

/** Polls of one process that follow each other, with nothing between that explains a step. */
function consecutivePolls(history: History): (readonly [number, number])[] {
  const last = new Map<string, number>()
  return history.flatMap((op, at) => {
    const [first] = readsOf(op)
    if (op.f === 'assign' || (op.f === 'handle' && op.type === 'fail')) {
      for (const key of last.keys()) if (key.startsWith(`${op.process} `)) last.delete(key)
    }
    if (first === undefined) return []
    const key = `${op.process} ${op.group} ${first.partition}`
    const before = last.get(key)
    last.set(key, at)
    return before === undefined ? [] : [[before, at] as const]
  })
}

function detailsOf(history: History): Map<Value, SendDetails> {
  const details = new Map<Value, SendDetails>()
  for (const op of history) {
    withSends(op, (micro) => {
      if (micro[3] !== undefined) details.set(valueOfSend(micro), micro[3])
      return [micro]
    })
  }
  return details
}

function mayExpire(history: History, { value }: Polled): boolean {
  return detailsOf(history).get(value)?.expiresMs !== undefined
}

function withDetails(history: History, value: Value, details: SendDetails): History {
  return change(history, (op) => {
    return withSends(op, (micro) => {
      const [, partition, sent, before] = micro
      return valueOfSend(micro) === value
        ? [['send', partition, sent, { ...before, ...details }]]
        : [micro]
    })
  })
}

function reversed(op: Operation): Operation {
  return op.f === 'send' ? { ...op, value: op.value.toReversed() } : op
}
