/**
 * Which function belongs to which layer of a message's way. What a function that is not here does
 * counts for the innermost of its callers that is.
 */

export interface StackFrame {
  /** From the root of the package, such as `core/log/appender.ts`. */
  readonly file: string
  readonly name: string
}

export type Side = 'sender' | 'receiver' | 'neither'

/** In the order of a message's way. */
export const LAYERS: readonly { readonly name: string; readonly side: Side }[] = [
  { name: 'stage', side: 'sender' },
  { name: 'encode', side: 'sender' },
  { name: 'claim', side: 'sender' },
  { name: 'open segment', side: 'sender' },
  { name: 'header', side: 'sender' },
  { name: 'copy', side: 'sender' },
  { name: 'publish', side: 'sender' },
  { name: 'wake-up', side: 'sender' },
  { name: 'poll', side: 'receiver' },
  { name: 'wake producers', side: 'receiver' },
  { name: 'handler call', side: 'receiver' },
  { name: 'decode', side: 'receiver' },
  { name: 'commit', side: 'receiver' },
  { name: 'sleep', side: 'receiver' },
  { name: 'the benchmark', side: 'neither' },
  { name: 'other', side: 'neither' },
]

/** Functions by file and name; `*` stands for the other functions of the file. */
const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'core/producer/publisher.ts': { '*': 'stage' },
  'core/producer/producer.ts': { '*': 'stage' },
  'core/producer/send.ts': { '*': 'stage' },
  'core/producer/topic-writer.ts': { '*': 'stage' },
  'core/producer/partition-writer.ts': { '*': 'stage' },
  'core/producer/batch.ts': { '*': 'stage' },
  'core/codec/bytes.ts': { encode: 'encode', decode: 'decode' },
  'core/codec/json.ts': { encode: 'encode', decode: 'decode' },
  'core/log/appender.ts': {
    fill: 'header',
    publish: 'publish',
    wakeSleepers: 'wake-up',
    enterSegment: 'open segment',
    '*': 'claim',
  },
  'core/log/recycler.ts': { openSegment: 'open segment' },
  'core/memory.ts': { copy: 'copy', copyLongs: 'copy' },
  'core/log/reader.ts': { '*': 'poll' },
  'core/topic/received-message.ts': { '*': 'decode' },
  'core/group/cursor.ts': { commit: 'commit' },
  'workers/record-batch.ts': { '*': 'handler call' },
  'workers/handler-call.ts': { '*': 'handler call' },
  'workers/lane.ts': {
    wakeProducers: 'wake producers',
    markDelivered: 'handler call',
    handOverAll: 'handler call',
    handOver: 'handler call',
    callMessage: 'handler call',
    callBatch: 'handler call',
    succeed: 'handler call',
    completeUpTo: 'handler call',
    isInTime: 'handler call',
    isPromise: 'handler call',
    commitIfDue: 'commit',
    isCommitTime: 'commit',
    commitProgress: 'commit',
    commitTo: 'commit',
    '*': 'poll',
  },
  'workers/member.ts': { idle: 'sleep', sleep: 'sleep', '*': 'poll' },
  // What follows a wake-up has no name.
  'core/thread.ts': { whenWoken: 'sleep', '': 'sleep' },
  'bench/layers/cases.ts': { '*': 'the benchmark' },
  'bench/layers/profile-process.ts': { '*': 'the benchmark' },
}

export function sideOf(layer: string): Side {
  return LAYERS.find(({ name }) => name === layer)?.side ?? 'neither'
}

/** @param frames the innermost first */
export function layerOf(frames: Iterable<StackFrame>): string {
  for (const { file, name } of frames) {
    const functions = TABLE[file]
    const layer = functions?.[name] ?? functions?.['*']
    if (layer !== undefined) return layer
  }
  return 'other'
}
