import { GROUPS_MAX, SLOTS_MAX } from '../thread-table.js'

/**
 * Where everything lies in the memory of one partition log.
 *
 * ```
 *  header | pins | gates | segment headers | tags | data
 *
 *  data   |<------------ segment 0 ----------->|<------ segment 1 ------> ...
 *         | granule | granule | granule | ...     64 bytes each
 *         [ frame: header, records ][ frame ][pad]
 *  tags   |  PUBLISHED 3 |  .  |  .  | CLAIMED 2 | . | FREE ...   one word per granule
 * ```
 *
 * The frames of a segment form a chain: the tag of a frame's first granule says how many granules
 * further the next one begins. The chain of tags is the truth about the log; everything else is
 * derived from it or leads into it.
 *
 * Positions count granules since the log began and offsets count records; both are kept modulo
 * 2^32 in shared memory. The lap of a position is how often its granule has been used before it.
 *
 * After Agrona's `RingBufferDescriptor` and Aeron's `LogBufferDescriptor`.
 */

export const GRANULE_BYTES = 64
export const WORD_BYTES = 4
const LONG_BYTES = 8
const WORDS_PER_LONG = LONG_BYTES / WORD_BYTES

/** Words that different threads write lie this far apart: two cache lines, for the prefetcher. */
const STRIDE_WORDS = 128 / WORD_BYTES

/** One gate for each group of the engine. */
export const GATES_MAX = GROUPS_MAX

// ---------------------------------------------------------------------------------------------
// Tags
// ---------------------------------------------------------------------------------------------

/*
 *   31 30 29                              0
 *  +-----+---------------------------------+
 *  | 0 0 |               lap               |   FREE: the next frame may be claimed here
 *  | 0 1 |  granules:14  | count:8 |owner:8|   CLAIMED: the owner is writing
 *  | 1 0 |  granules:14  | count:8 |   0   |   PUBLISHED: settled, readable
 *  | 1 1 |  granules:14  | count:8 |   0   |   ABORTED: settled, its offsets are a gap
 *  | 1 1 |  granules:14  |    0    |   0   |   PAD: the frame did not fit into the segment
 *  +-----+---------------------------------+
 *
 * Written: FREE by the recycler; FREE -> CLAIMED or PAD by any producer's compare-exchange, which
 * is the claim; CLAIMED -> PUBLISHED by its owner; CLAIMED -> ABORTED by the repair of a dead
 * owner. A settled tag does not change until its segment is recycled.
 */
const STATE_MASK = 0xc0000000 | 0
const FREE = 0
const CLAIMED = 0x40000000
const PUBLISHED = 0x80000000 | 0
const ABORTED = 0xc0000000 | 0

/** Largest number of granules in a frame. */
export const FRAME_GRANULES_MAX = (1 << 14) - 1

/** Largest number of records in a frame. */
export const FRAME_RECORDS_MAX = 255

const LAP_MASK = 0x3fffffff

export function freeTag(lap: number): number {
  return FREE | (lap & LAP_MASK)
}

export function claimedTag(owner: number, granules: number, count: number): number {
  return CLAIMED | (granules << 16) | (count << 8) | owner
}

export function publishedTag(granules: number, count: number): number {
  return PUBLISHED | (granules << 16) | (count << 8)
}

export function abortedTag(granules: number, count: number): number {
  return ABORTED | (granules << 16) | (count << 8)
}

export function padTag(granules: number): number {
  return abortedTag(granules, 0)
}

export function isFree(tag: number): boolean {
  return (tag & STATE_MASK) === FREE
}

export function isClaimed(tag: number): boolean {
  return (tag & STATE_MASK) === CLAIMED
}

export function isPublished(tag: number): boolean {
  return (tag & STATE_MASK) === PUBLISHED
}

/** Published, aborted or a pad: the frame will not change while its segment is open. */
export function isSettled(tag: number): boolean {
  return tag < 0
}

export function granulesOf(tag: number): number {
  return (tag >>> 16) & FRAME_GRANULES_MAX
}

export function countOf(tag: number): number {
  return (tag >>> 8) & 0xff
}

export function ownerOf(tag: number): number {
  return tag & 0xff
}

// ---------------------------------------------------------------------------------------------
// Header: word indexes from the start of the region
// ---------------------------------------------------------------------------------------------

/** Constant once the log is shared: what the threads that attach derive the geometry from. */
export const MAGIC_WORD = 0
export const SEGMENT_COUNT_WORD = 1
export const SEGMENT_GRANULES_WORD = 2
export const MAGIC = 0x4d494c31

/**
 * Tail, 64 bits: `{ position:32, sequence:32 }` of one frame boundary between the beginning of the
 * newest open segment and the end of the chain. It lags behind on purpose: threads that append
 * follow the chain themselves, and move the tail every {@link TAIL_LAG_FRAMES} frames for those
 * that come later. Moved forward only, by compare-exchange of both halves at once.
 */
export const TAIL_LONG = STRIDE_WORDS / WORDS_PER_LONG

/** The slot that is recycling a segment, or 0. Taken from 0 by compare-exchange. */
export const LEASE_WORD = 2 * STRIDE_WORDS

/** Threads that wait for records, see `wait-set.ts`. Set by them, cleared by whoever wakes them. */
export const DATA_WAITERS_WORD = 3 * STRIDE_WORDS

/** Threads that wait for space. */
export const SPACE_WAITERS_WORD = 4 * STRIDE_WORDS

/** How many gates were ever in use: a scan needs to look no further. Only grows. */
export const GATES_USED_WORD = 5 * STRIDE_WORDS

/** Highest slot that ever pinned a segment: a scan needs to look no further. Only grows. */
export const PINS_USED_WORD = GATES_USED_WORD + 1

/**
 * Offset behind the newest aborted frame: `lag` looks for gaps only below it. At first the log's
 * first offset. Moved forward by compare-exchange, before the frame is aborted.
 */
export const NEWEST_GAP_END_WORD = GATES_USED_WORD + 2

const HEADER_WORDS = 6 * STRIDE_WORDS

/** Frames that a thread lets the tail lag behind before it moves it. */
export const TAIL_LAG_FRAMES = 64

// ---------------------------------------------------------------------------------------------
// Pins: one word per slot
// ---------------------------------------------------------------------------------------------

/**
 * The segment that a thread holds open, plus one, or 0. Written by that thread; cleared by the
 * repair once it is dead. The pinner stores the pin and then checks the segment's state; the
 * recycler seals that state and then loads the pins: one of the two sees the other.
 */
export const PINS_WORD = HEADER_WORDS

const PINS_WORDS = SLOTS_MAX + 1

// ---------------------------------------------------------------------------------------------
// Gates: one per group, see `group/cursor.ts`
// ---------------------------------------------------------------------------------------------

const GATES_WORD = PINS_WORD + PINS_WORDS
const GATE_WORDS = 64 / WORD_BYTES

/** 1 while the group holds back recycling at its committed offset, else 0. */
const GATE_STATE_WORD = 0
/** Member that owns the partition, or 0. Taken from 0 and given back by compare-exchange. */
const GATE_HOLDER_WORD = 1
/** Cursor, 64 bits: `{ epoch:32, committed offset:32 }`. Moved by compare-exchange only. */
const GATE_CURSOR_LONG = 1
/** Member that should own the partition, or 0. Written by the coordinator alone. */
const GATE_ASSIGNED_WORD = 4
/** 1 while the partition is paused for this group. */
const GATE_PAUSED_WORD = 5
/** A dead letter that is being committed, see `group/dead-letter-commit.ts`. */
const GATE_LETTER_STATE_WORD = 6
const GATE_LETTER_POSITION_WORD = 7
const GATE_LETTER_OFFSET_WORD = 8
/** Offset behind the last record handed to a handler. Written by the holder before it hands over. */
const GATE_DELIVERED_WORD = 9
/** Offset of the frame that the holder reads, so that a seek cannot let it go. Written by it. */
const GATE_HELD_WORD = 10
/** The handler's call in hand, and the record that failed: see `group/attempt.ts`. */
const GATE_CALL_WORD = 11
const GATE_FAILED_OFFSET_WORD = 12
const GATE_FAILED_ATTEMPTS_WORD = 13

function gateWord(gate: number): number {
  return GATES_WORD + gate * GATE_WORDS
}

export function gateStateWord(gate: number): number {
  return gateWord(gate) + GATE_STATE_WORD
}

export function gateHolderWord(gate: number): number {
  return gateWord(gate) + GATE_HOLDER_WORD
}

export function gateCursorLong(gate: number): number {
  return gateWord(gate) / WORDS_PER_LONG + GATE_CURSOR_LONG
}

export function gateAssignedWord(gate: number): number {
  return gateWord(gate) + GATE_ASSIGNED_WORD
}

export function gatePausedWord(gate: number): number {
  return gateWord(gate) + GATE_PAUSED_WORD
}

export function gateLetterStateWord(gate: number): number {
  return gateWord(gate) + GATE_LETTER_STATE_WORD
}

export function gateLetterPositionWord(gate: number): number {
  return gateWord(gate) + GATE_LETTER_POSITION_WORD
}

export function gateLetterOffsetWord(gate: number): number {
  return gateWord(gate) + GATE_LETTER_OFFSET_WORD
}

export function gateDeliveredWord(gate: number): number {
  return gateWord(gate) + GATE_DELIVERED_WORD
}

export function gateHeldWord(gate: number): number {
  return gateWord(gate) + GATE_HELD_WORD
}

export function gateCallWord(gate: number): number {
  return gateWord(gate) + GATE_CALL_WORD
}

export function gateFailedOffsetWord(gate: number): number {
  return gateWord(gate) + GATE_FAILED_OFFSET_WORD
}

export function gateFailedAttemptsWord(gate: number): number {
  return gateWord(gate) + GATE_FAILED_ATTEMPTS_WORD
}

// ---------------------------------------------------------------------------------------------
// Segment headers
// ---------------------------------------------------------------------------------------------

const SEGMENTS_WORD = GATES_WORD + GATES_MAX * GATE_WORDS
const SEGMENT_WORDS = 64 / WORD_BYTES

/**
 * `lap << 1` while open, `lap << 1 | 1` while sealed: its content is going or gone. Written only
 * under the lease. Its store publishes the other words and the free tags of the segment.
 */
const SEGMENT_STATE_WORD = 0
/** Offset of the segment's first record, as two halves. Written under the lease while sealed. */
const SEGMENT_OFFSET_LOW_WORD = 1
const SEGMENT_OFFSET_HIGH_WORD = 2
/**
 * How often the segment was opened, modulo 2^32: tells two uses apart whose laps look alike, as they
 * do when all 2^32 positions lie between them. Written with the offset.
 */
const SEGMENT_USE_WORD = 3

export function segmentStateWord(segment: number): number {
  return SEGMENTS_WORD + segment * SEGMENT_WORDS + SEGMENT_STATE_WORD
}

export function segmentOffsetLowWord(segment: number): number {
  return SEGMENTS_WORD + segment * SEGMENT_WORDS + SEGMENT_OFFSET_LOW_WORD
}

export function segmentOffsetHighWord(segment: number): number {
  return SEGMENTS_WORD + segment * SEGMENT_WORDS + SEGMENT_OFFSET_HIGH_WORD
}

export function segmentUseWord(segment: number): number {
  return SEGMENTS_WORD + segment * SEGMENT_WORDS + SEGMENT_USE_WORD
}

export function openState(lap: number): number {
  return lap << 1
}

export function sealedState(lap: number): number {
  return (lap << 1) | 1
}

// ---------------------------------------------------------------------------------------------
// Tags and data
// ---------------------------------------------------------------------------------------------

/** Index of the first tag. */
export function tagsWord(segmentCount: number): number {
  return SEGMENTS_WORD + segmentCount * SEGMENT_WORDS
}

/** Index of the first byte of data: a multiple of the granule. */
export function dataByte(segmentCount: number, segmentGranules: number): number {
  const end = (tagsWord(segmentCount) + segmentCount * segmentGranules) * WORD_BYTES
  return Math.ceil(end / GRANULE_BYTES) * GRANULE_BYTES
}

// ---------------------------------------------------------------------------------------------
// Frames and records: byte offsets
// ---------------------------------------------------------------------------------------------

/*
 *   0        4        8                16               24       28       32       36       40
 *  +--------+--------+----------------+----------------+--------+--------+--------+--------+----
 *  | size   | offset | timestamp ms   | newest ms      | offset | flags  |producer|producer| records
 *  | bytes  | low    | (double)       | (double)       | high   |        | id     |sequence|
 *  +--------+--------+----------------+----------------+--------+--------+--------+--------+----
 *
 * Flags, producer id and producer sequence are 0: room for named producers and transactions.
 */
export const FRAME_SIZE = 0
export const FRAME_OFFSET_LOW = 4
export const FRAME_TIMESTAMP = 8
export const FRAME_NEWEST_TIMESTAMP = 16
export const FRAME_OFFSET_HIGH = 24
export const FRAME_FLAGS = 28
export const FRAME_PRODUCER_ID = 32
export const FRAME_PRODUCER_SEQUENCE = 36
export const FRAME_HEADER_BYTES = 40

/*
 *   0              4                     8            16
 *  +--------------+---------------------+------------+-------+-----+-----------------+
 *  | value bytes  | key bytes:24 | flags| timestamp? | value | key | headers?        |  to 8 bytes
 *  |              |              |  :8  | (double)   |       |     | (size:4, bytes) |
 *  +--------------+---------------------+------------+-------+-----+-----------------+
 *
 * The value comes first so that it begins on a multiple of 8 and can be read in place.
 */
export const RECORD_VALUE_BYTES = 0
export const RECORD_KEY_BYTES = 4
export const RECORD_HEADER_BYTES = 8
export const RECORD_ALIGNMENT = 8

export const RECORD_NO_KEY = 1
export const RECORD_NO_VALUE = 2
export const RECORD_HAS_TIMESTAMP = 4
export const RECORD_HAS_HEADERS = 8
/** The key was given as bytes, not as a text. */
export const RECORD_BINARY_KEY = 16
const RECORD_FLAG_BITS = 8

export function recordKeyWord(keyBytes: number, flags: number): number {
  return (keyBytes << RECORD_FLAG_BITS) | flags
}

export function recordKeyBytes(word: number): number {
  return word >>> RECORD_FLAG_BITS
}

export function recordFlags(word: number): number {
  return word & 0xff
}

/** `size` rounded up to a whole number of 8-byte units. */
export function aligned(sizeBytes: number): number {
  // Addresses of a large log do not fit 32 bits with a sign: only the addend is masked.
  return sizeBytes + (-sizeBytes & (RECORD_ALIGNMENT - 1))
}

/** Granules that a frame of this size takes. */
export function granulesFor(frameBytes: number): number {
  return (frameBytes + GRANULE_BYTES - 1) >>> 6
}
