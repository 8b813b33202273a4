/**
 * The properties of the design (05-verification, section 2), in its order. A test compares this
 * list with the properties that are declared, so that none is forgotten.
 */

/** Those that wait for a feature of the engine, and for which. */
export const LATER = {
  'exactly-once-atomic': 'the engine has no transactions yet',
  'torn-journal': 'the engine has no journal yet',
} as const

export const DESIGNED = [
  'order-per-key',
  'no-loss',
  'no-phantom',
  'offset-agreement',
  'no-duplicate-append',
  'offset-monotone',
  'poll-contiguity',
  'at-least-once',
  'bounded-duplicates',
  'commit-never-regresses',
  'position-chain',
  'zombie-fenced',
  'single-owner',
  'assignment-complete',
  'no-deadlock',
  'no-lost-wakeup',
  'dead-publisher-repaired',
  'block-retention',
  'overwrite-is-visible',
  'wrap-around',
  'codec-total',
  'dlq-complete',
  'exactly-once-atomic',
  'replay-equals-original',
  'torn-journal',
] as const

export type DesignedName = (typeof DESIGNED)[number]
