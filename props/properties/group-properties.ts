/** Properties of a topic and a group whose threads sleep and die anywhere. */
import type fc from 'fast-check'
import { assertClean } from '../history/checker.js'
import { type FaultName, withFault } from './group-faults.js'
import { historyOf } from './group-history.js'
import { replayOf, traceOf } from './group-machine.js'
import * as oracles from './group-oracles.js'
import { type GroupCase, type GroupSetting, groupCase } from './group-script.js'
import type { Trace } from './group-trace.js'
import type { DesignedName } from './names.js'
import { type Property, property } from './property.js'

const RUNS = 80

interface GroupProperty {
  readonly name: DesignedName
  readonly claim: string
  readonly generator?: fc.Arbitrary<GroupCase>
  readonly oracle: (trace: Trace, setting: GroupSetting) => void
  readonly faults: readonly FaultName[]
  readonly reaches?: readonly string[]
}

/** Each trace is judged by the property's own oracle and, as a history, by the checker. */
function groupProperty({ generator = groupCase(), ...rest }: GroupProperty): Property {
  return property({
    ...rest,
    generator,
    runs: RUNS,
    oracle: async (drawn, run) => {
      const trace = withFault(await traceOf(drawn, run), run.fault)
      rest.oracle(trace, drawn.setting)
      // The checker cannot tell what was in hand when a seek came from what was read after it.
      const isClear = !trace.some((event) => event.type === 'sought' && event.isRace)
      if (isClear && run.fault === undefined && trace.some(({ type }) => type === 'sent')) {
        // After a seek forward there is something that nobody polls.
        const drained = !trace.some(({ type }) => type === 'sought')
        // An owner counts its own attempts: the next one begins with the first again.
        assertClean(historyOf(trace), { drained, allow: ['count-lost-on-crash'] })
      }
    },
  })
}

const ALL_DEATHS = ['producers die', 'members die'] as const

export const GROUP_PROPERTIES: readonly Property[] = [
  groupProperty({
    name: 'order-per-key',
    claim: 'Records of one key are handled in the order in which their producer sent them.',
    oracle: oracles.keysKeepTheirOrder,
    faults: ['two records of a key are swapped'],
    reaches: ['a member died', 'sought back', 'tried again'],
  }),
  groupProperty({
    name: 'no-loss',
    claim: 'What a send was told is written stays in the log and reaches every group.',
    oracle: oracles.nothingIsLost,
    faults: ['a record is not delivered', 'a record is gone from the log'],
    reaches: ['log full', 'recycled', 'a member died', 'repaired'],
  }),
  groupProperty({
    name: 'no-phantom',
    claim: 'Whatever is read, delivered or buried was sent, with that key, to that partition.',
    oracle: oracles.nothingIsInvented,
    faults: ['a value is torn', 'half a record is published'],
    reaches: ['repaired', 'recycled'],
  }),
  groupProperty({
    name: 'offset-agreement',
    claim: 'All who name an offset, senders, handlers and readers, see the same record there.',
    oracle: oracles.offsetsAgree,
    faults: ['a send is told another offset', 'a value is torn'],
    reaches: ['repaired', 'recycled'],
  }),
  groupProperty({
    name: 'no-duplicate-append',
    claim: 'A record has one offset, however its producer was interrupted.',
    oracle: oracles.nothingIsAppendedTwice,
    faults: ['a record is in the log twice'],
    reaches: ['log full', 'repaired'],
  }),
  groupProperty({
    name: 'offset-monotone',
    claim: 'A send that begins after another one returned gets higher offsets.',
    oracle: oracles.offsetsRise,
    faults: ['a send is put before an earlier one'],
    reaches: ['log full', 'repaired'],
  }),
  groupProperty({
    name: 'poll-contiguity',
    claim: 'An owner gets every record from its first offset on, and passes over gaps alone.',
    oracle: oracles.pollsAreContiguous,
    faults: ['a poll skips a record', 'a record comes again for nothing'],
    reaches: ['repaired', 'sought back', 'a member died'],
  }),
  groupProperty({
    name: 'at-least-once',
    claim: 'What is committed was handled before, and in the end everything is committed.',
    oracle: oracles.committedIsHandled,
    faults: ['a commit runs ahead of the handler'],
    reaches: ['a member died', 'died with records in hand'],
  }),
  groupProperty({
    name: 'bounded-duplicates',
    claim:
      'Only what a dead owner had begun and not committed comes again, once for each death; and ' +
      'whoever sleeps has committed.',
    generator: groupCase({ always: ['members die', 'changes'], never: ['zombies'] }),
    oracle: (trace) => {
      oracles.duplicatesAreBounded(trace)
      oracles.sleepersHaveCommitted(trace)
    },
    faults: ['a record comes again for nothing', 'a commit goes back'],
    reaches: ['died with records in hand', 'a member left'],
  }),
  groupProperty({
    name: 'commit-never-regresses',
    claim: 'The committed offset goes back by a seek alone.',
    oracle: oracles.commitsNeverGoBack,
    faults: ['a commit goes back'],
    reaches: ['a member died', 'sought back', 'a zombie was refused'],
  }),
  groupProperty({
    name: 'position-chain',
    claim: 'freed <= committed <= delivered <= published, whoever looks, at any time.',
    generator: groupCase({ never: ['zombies'] }),
    oracle: oracles.positionsAreChained,
    faults: ['records are freed before their commit'],
    reaches: ['recycled', 'repaired'],
  }),
  groupProperty({
    name: 'zombie-fenced',
    claim: 'Who is held for dead and goes on moves no cursor.',
    generator: groupCase({ always: ['zombies'], setting: { poisonEvery: 0 } }),
    oracle: oracles.zombiesAreFenced,
    faults: ['a zombie commits'],
    reaches: ['a zombie', 'a zombie was refused'],
  }),
  groupProperty({
    name: 'single-owner',
    claim: 'A record is handed over by the member that holds its partition at that instant.',
    generator: groupCase({ always: ['changes'] }),
    oracle: oracles.ownersAreSingle,
    faults: ['two members own a partition'],
    reaches: ['a member left', 'a member died'],
  }),
  groupProperty({
    name: 'assignment-complete',
    claim: 'Each partition is assigned to a live member, in shares that differ by one at most.',
    generator: groupCase({ always: ['changes', 'members die'] }),
    oracle: oracles.assignmentIsComplete,
    faults: ['a partition is assigned to nobody'],
    reaches: ['a member left', 'a member died'],
  }),
  groupProperty({
    name: 'no-deadlock',
    claim: 'When the dying ends, every send and every record gets on, and all come to rest.',
    generator: groupCase({ always: ALL_DEATHS }),
    oracle: oracles.nobodyIsStuck,
    faults: ['a send waits for ever'],
    reaches: ['log full', 'a producer died with the lease', 'died with records in hand'],
  }),
  groupProperty({
    name: 'dead-publisher-repaired',
    claim: 'A record of a publisher that died is there whole or not at all; the others get on.',
    generator: groupCase({ always: ['producers die'] }),
    oracle: oracles.deadPublishersLeaveNothingHalf,
    faults: ['half a record is published', 'a send waits for ever'],
    reaches: ['repaired', 'a producer died with the lease'],
  }),
  groupProperty({
    name: 'dlq-complete',
    claim: 'A record that was sent is processed or a dead letter, one of both, and byte for byte.',
    generator: groupCase({
      always: ['members die'],
      never: ['seeks', 'zombies'],
      setting: { poisonEvery: 2, hasDeadLetters: true },
    }),
    oracle: oracles.deadLettersAreComplete,
    faults: ['a dead letter is altered', 'a dead letter is missing'],
    reaches: ['died with records in hand', 'tried again', 'a dead letter was settled'],
  }),
  property({
    name: 'replay-equals-original',
    claim: 'A group that seeks back gets the same records again, at the same offsets.',
    generator: groupCase(),
    runs: RUNS,
    oracle: async (drawn, run) => {
      const { original, replay } = await replayOf(drawn, run)
      oracles.replayEqualsOriginal(original, withFault(replay, run.fault))
    },
    faults: ['a record is not delivered', 'a value is torn'],
    reaches: ['repaired', 'recycled'],
  }),
]
