import type { Claim, Row, Settings } from './lib/row.js'
import type { RowGroup } from './lib/row-section.js'
import { compileRing } from './native/compiler.js'

/** What Node offers by itself: the report compares every row with it. */
const BASE = 'postmessage'
const BASE_ARRAYS = 'postmessage-arrays'

const POST_MESSAGE = new URL('./peers/post-message.js', import.meta.url)
const PISCINA = new URL('./peers/piscina.js', import.meta.url)
const FASTQ = new URL('./peers/fastq.js', import.meta.url)
const STREAMS = new URL('./peers/streams.js', import.meta.url)
const RINGBUF = new URL('./peers/ringbuf.js', import.meta.url)
const NATIVE = new URL('./native/ring.js', import.meta.url)
const RAW = new URL('./engine/raw.js', import.meta.url)
const RECORDS = new URL('./engine/record.js', import.meta.url)
const JSON_OBJECTS = new URL('./engine/json.js', import.meta.url)
const MSGPACK = new URL('./engine/msgpack.js', import.meta.url)
const PARTITION_LOG = new URL('./log/partition-log.js', import.meta.url)

function row(
  name: string,
  title: string,
  module: URL,
  settings: Settings,
  [warmUpCount, count]: readonly [number, number],
  claims: readonly Claim[] = [],
): Row {
  return { name, title, module, settings, warmUpCount, count, claims }
}

const K = 1_000
const M = 1_000_000

/**
 * The smallest object takes 16 bytes, so whoever stays below 4 allocates nothing for most messages:
 * what there is comes once per batch.
 */
const NOTHING_PER_MESSAGE: Claim = { heapBytesAtMost: 4 }

// The counts make a timed run last about half a second.

const peers: readonly Row[] = [
  row(BASE, '`postMessage`, one 4-field object each', POST_MESSAGE, { arraySize: 1 }, [
    100 * K,
    300 * K,
  ]),
  row(
    BASE_ARRAYS,
    '`postMessage`, arrays of 1,000 such objects',
    POST_MESSAGE,
    { arraySize: 1000 },
    [200 * K, M],
  ),
  row(
    'piscina',
    '`piscina.run`, one such object each, 64 in flight, 1 thread',
    PISCINA,
    { inFlight: 64 },
    [15 * K, 50 * K],
  ),
  row('fastq', 'fastq, such objects, inside one thread', FASTQ, {}, [M, 6 * M]),
  row('streams', 'Node streams, such objects, inside one thread', STREAMS, {}, [100 * K, 500 * K]),
  row(
    'ringbuf',
    'ringbuf.js, 64-byte records, one per push',
    RINGBUF,
    { sizeBytes: 64, batch: 1 },
    [M, 3 * M],
  ),
  row(
    'ringbuf-batch',
    'ringbuf.js, 64-byte records, 128 per push',
    RINGBUF,
    { sizeBytes: 64, batch: 128 },
    [2_560 * K, 12_800 * K],
  ),
]

function native(
  sizeBytes: number,
  recordsPerPublish: number,
  counts: readonly [number, number],
): Row {
  const isSingle = recordsPerPublish === 1
  const how = isSingle ? 'each by itself' : `${recordsPerPublish} per publish`
  const title = `Native ring in C++, ${sizeBytes}-byte records, ${how}`
  return row(
    `native-${sizeBytes}${isSingle ? '-single' : ''}`,
    title,
    NATIVE,
    { sizeBytes, recordsPerPublish },
    counts,
  )
}

const yardstick: readonly Row[] = [
  native(16, 64, [2 * M, 150 * M]),
  native(64, 64, [2 * M, 60 * M]),
  native(64, 1, [M, 5 * M]),
  native(1024, 64, [M, 10 * M]),
  native(4096, 64, [500 * K, 2_500 * K]),
]

const engine: readonly Row[] = [
  row(
    'raw-64',
    'Millrace, 64-byte records, publisher to `eachBatch`',
    RAW,
    { sizeBytes: 64 },
    [2 * M, 8 * M],
    [
      { base: 'native-64', atLeast: 0.5 },
      { base: 'native-64-single', atLeast: 1 },
      { base: BASE, atLeast: 50 },
      NOTHING_PER_MESSAGE,
    ],
  ),
  row(
    'raw-16',
    'Millrace, 16-byte records, publisher to `eachBatch`',
    RAW,
    { sizeBytes: 16 },
    [2 * M, 8 * M],
    [{ base: 'native-16', atLeast: 1 }, NOTHING_PER_MESSAGE],
  ),
  row(
    'raw-1024',
    'Millrace, 1 KiB records, publisher to `eachBatch`',
    RAW,
    { sizeBytes: 1024 },
    [500 * K, 2 * M],
    [{ base: 'native-1024', atLeast: 0.5 }],
  ),
  row(
    'raw-4096',
    'Millrace, 4 KiB records, publisher to `eachBatch`',
    RAW,
    { sizeBytes: 4096 },
    [200 * K, 800 * K],
    [{ base: 'native-4096', atLeast: 0.5 }],
  ),
  row(
    'raw-64-flushed',
    'Millrace, 64-byte records, `flush` after each',
    RAW,
    { sizeBytes: 64, recordsPerFlush: 1 },
    [500 * K, 2 * M],
    [{ base: BASE, atLeast: 15 }],
  ),
  row(
    'record',
    'Millrace, the same objects as `record`, publisher to `batch.view`',
    RECORDS,
    {},
    [M, 4 * M],
    [{ base: BASE, atLeast: 25 }],
  ),
  row(
    'record-reused',
    'Millrace, the same, from one object that is filled again',
    RECORDS,
    { reused: 1 },
    [M, 4 * M],
  ),
  row(
    'json',
    'Millrace, the same objects as JSON, `producer.send` of 1,000 to `eachMessage`',
    JSON_OBJECTS,
    { arraySize: 1000 },
    [200 * K, M],
    [{ base: BASE, atLeast: 3 }],
  ),
  row(
    'msgpack',
    'Millrace, the same objects as MessagePack with a structure, `producer.send` of 1,000 to `eachMessage`',
    MSGPACK,
    { arraySize: 1000, structures: 1 },
    [400 * K, 2 * M],
    [{ base: BASE, atLeast: 5 }],
  ),
  row(
    'msgpack-maps',
    'Millrace, the same, with the names of the properties in each',
    MSGPACK,
    { arraySize: 1000 },
    [400 * K, 2 * M],
  ),
  row(
    'json-single',
    'Millrace, the same objects as JSON, `publisher.sendSync` each to `eachMessage`',
    JSON_OBJECTS,
    { arraySize: 1 },
    [200 * K, M],
  ),
]

const log: readonly Row[] = [
  row(
    'log-64',
    "Millrace's log by itself, 64-byte records, 255 per frame",
    PARTITION_LOG,
    { sizeBytes: 64, batch: 255 },
    [2 * M, 10 * M],
  ),
  row(
    'log-64-single',
    "Millrace's log by itself, 64-byte records, one per frame",
    PARTITION_LOG,
    { sizeBytes: 64, batch: 1 },
    [500 * K, 2 * M],
  ),
]

const hasRing = compileRing()

/** From thread to thread, in the order of the table. */
export const throughput: RowGroup = {
  name: 'throughput',
  title: 'From thread to thread',
  about: `Two threads of one process, one message after the other. A run starts both threads, warms up,
meets at a barrier, and ends when the receiver has handled the last message. The receiver reads each
object's fields or each record's number, and the run fails unless they add up to what was sent. fastq
and Node's streams are in one thread. For piscina, a message is handled when its result
is back. The native ring is a C++ program with as much memory as a partition has; its two threads are
bound to two cores.

M/s: millions of messages per second. × single: ratio to the first row in the same round. Heap: bytes
that the sending and the receiving thread allocate per message, counted to the byte by V8 across
collections; the smallest object takes 16 bytes.`,
  rows: [...peers, ...(hasRing ? yardstick : []), ...engine, ...log],
  base: BASE,
  baseTitle: 'single',
  notes: hasRing
    ? []
    : ['There is no C++ compiler here: the rows of the native ring are left out.'],
}
