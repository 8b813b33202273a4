import type { Codec, InPlace, ValueView } from '../core/codec/codec.js'
import { MillraceError } from '../core/errors.js'
import type { Reader } from '../core/log/reader.js'
import type { ReceivedHeaders } from '../core/topic/message.js'
import { readKey, readRecordHeaders, readValue } from '../core/topic/received-message.js'
import type { Topic } from '../core/topic/topic.js'

/**
 * The records of one frame, 1 to 255, read in place: the batch is one object that moves from record
 * to record and allocates nothing by itself. Valid until the handler is done.
 *
 * A batch also says how far the handler came. If it fails, the record that it last moved to is the
 * one that failed: those before it are done, and the next attempt begins with it.
 *
 * @example
 * eachBatch({ batch }) {
 *   while (batch.next()) total += batch.value.amount
 * }
 * @example
 * // with a codec that reads in place, such as record
 * eachBatch({ batch }) {
 *   const { view } = batch
 *   while (batch.next()) total += view.amount
 * }
 */
export class RecordBatch<T> {
  readonly topic: string
  readonly partition: number
  private readonly reader: Reader
  private readonly source: Topic
  private readonly onMove: (() => void) | undefined
  private valueView: ValueView<T> | undefined
  private end = Number.POSITIVE_INFINITY

  /** @param onMove called at each record */
  constructor(source: Topic, partition: number, reader: Reader, onMove?: () => void) {
    this.topic = source.name
    this.partition = partition
    this.source = source
    this.reader = reader
    this.onMove = onMove
  }

  /** For the package: ends the batch before an offset, or where its frame ends. */
  endAt(offset = Number.POSITIVE_INFINITY): void {
    this.end = offset
  }

  /** Records that `next` has not moved to yet. */
  get remaining(): number {
    const { remaining, offset } = this.reader
    return Math.min(remaining, this.end - offset)
  }

  /** Moves to the next record. @returns false behind the last one */
  next(): boolean {
    if (this.reader.offset >= this.end || !this.reader.nextRecord()) return false
    if (this.valueView !== undefined) this.moveView(this.valueView)
    this.onMove?.()
    return true
  }

  get offset(): number {
    return this.reader.recordOffset
  }

  /** As it was given to the producer: a text, bytes (a copy), or null. */
  get key(): string | Buffer | null {
    return readKey(this.reader)
  }

  /**
   * Decoded by the topic's codec, at each access. Null for a message without a value.
   *
   * @throws MillraceError `UNDECODABLE_VALUE`
   */
  get value(): T {
    return readValue(this.source, this.reader) as T
  }

  /** False for a tombstone: its `value` is null, and no field of its `view` can be read. */
  get hasValue(): boolean {
    return this.reader.hasValue
  }

  /**
   * The value read in place: nothing is decoded but the fields that are asked for, at each access.
   * It is the same object for every record of the batch, so it can be taken out once, before the
   * first `next`. `toObject()` gives a copy to keep; the view itself is over with the handler.
   *
   * Reading a field throws `UNDECODABLE_VALUE` for a value that the codec did not write.
   *
   * @throws MillraceError `INVALID_OPTION` if the topic's codec cannot read in place
   */
  get view(): InPlace<T> {
    const valueView = this.valueView ?? this.makeView()
    return valueView.value
  }

  private makeView(): ValueView<T> {
    const codec = this.source.codec as Codec<T>
    const valueView = codec.view?.()
    if (valueView === undefined) throw noView(this.topic, codec.name)
    this.valueView = valueView
    this.moveView(valueView)
    return valueView
  }

  private moveView(valueView: ValueView<T>): void {
    const { log, valueFrom, valueTo } = this.reader
    valueView.moveTo(log.bytes, valueFrom, valueTo)
  }

  get headers(): ReceivedHeaders {
    return readRecordHeaders(this.reader)
  }

  /** Milliseconds since 1970. */
  get timestamp(): number {
    return this.reader.timestamp
  }

  /**
   * The log's memory. The value's bytes are [valueFrom, valueTo), the key's [keyFrom, keyTo).
   * Never write to it.
   */
  get bytes(): Buffer {
    return this.reader.log.bytes
  }

  get valueFrom(): number {
    return this.reader.valueFrom
  }

  get valueTo(): number {
    return this.reader.valueTo
  }

  get keyFrom(): number {
    return this.reader.keyFrom
  }

  get keyTo(): number {
    return this.reader.keyTo
  }
}

function noView(topic: string, codec: string): MillraceError {
  return new MillraceError(
    'INVALID_OPTION',
    `codec ${codec} of topic ${topic} cannot read in place: use batch.value, or a codec with views, ` +
      'such as record',
    { field: `topics.${topic}.codec`, codec },
  )
}
