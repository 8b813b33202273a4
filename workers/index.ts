export { bytes } from '../core/codec/bytes.js'
export { type Codec, defineCodec, type InPlace, type ValueView } from '../core/codec/codec.js'
export { json } from '../core/codec/json.js'
export { type RecordOf, type RecordValue, record } from '../core/codec/record.js'
export type { RecordFieldType, RecordSchema } from '../core/codec/record-layout.js'
export { utf8 } from '../core/codec/utf8.js'
export type { DeadLetterReason } from '../core/delivery/dead-letter.js'
export type { RetryOptions } from '../core/delivery/retry.js'
export {
  type ErrorCode,
  MillraceError,
  RetryAfterError,
  UnrecoverableError,
} from '../core/errors.js'
export type { Lag, PartitionLag } from '../core/group/lag.js'
export type { SeekTarget } from '../core/group/seek.js'
export type { Producer, SendRequest } from '../core/producer/producer.js'
export type { Publisher } from '../core/producer/publisher.js'
export type { RecordMetadata } from '../core/producer/send.js'
export type { Headers, Key, OutgoingMessage, ReceivedHeaders } from '../core/topic/message.js'
export type { Partitioner } from '../core/topic/partitioner-option.js'
export type { Message } from '../core/topic/received-message.js'
export type { TopicOptions } from '../core/topic/topic.js'
export type {
  ConsumeOptions,
  Consumer,
  ConsumerEvents,
  ConsumerWorker,
  LocalRunOptions,
  PartitionSelection,
  WorkerRunOptions,
} from './consumer.js'
export type { ConsumerOptions } from './consumer-options.js'
export type { DeadLetter, DeadLetters } from './dead-letters.js'
export { attachEngine, createEngine, type Engine, type EngineOptions } from './engine.js'
export type { EngineHandle } from './engine-handle.js'
export type { EachBatchContext, EachMessageContext, Handler } from './handler.js'
export type { RecordBatch } from './record-batch.js'
export type { ConsumerStats } from './worker-control.js'
