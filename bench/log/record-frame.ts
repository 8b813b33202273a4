import type { FrameContent } from '../../core/log/appender.js'
import * as layout from '../../core/log/layout.js'

/** A batch of records of one size without keys, copied in one by one, as a producer does. */
export class RecordFrame implements FrameContent {
  readonly bytes: Buffer
  readonly longs: BigInt64Array
  readonly from: number
  to: number
  count = 0
  readonly timestamp = 0
  readonly newestTimestamp = 0
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #value: Float64Array
  readonly #valueBytes: number
  readonly #countMax: number

  /**
   * @param valueBytes a multiple of 8
   * @param buffer where the records lie, from byte `from` on
   */
  constructor(
    valueBytes: number,
    countMax: number,
    buffer: ArrayBufferLike = new ArrayBuffer(countMax * recordBytes(valueBytes)),
    from = 0,
  ) {
    this.from = from
    this.to = from
    this.bytes = Buffer.from(buffer)
    this.longs = new BigInt64Array(buffer)
    this.#words = new Int32Array(buffer)
    this.#doubles = new Float64Array(buffer)
    this.#value = new Float64Array(valueBytes / Float64Array.BYTES_PER_ELEMENT)
    this.#valueBytes = valueBytes
    this.#countMax = countMax
  }

  static filled(valueBytes: number, count: number): RecordFrame {
    const frame = new RecordFrame(valueBytes, count)
    for (let number = 0; number < count; number++) frame.add(number)
    return frame
  }

  get isFull(): boolean {
    return this.count === this.#countMax
  }

  add(number: number): void {
    const { to } = this
    const words = this.#words
    const doubles = this.#doubles
    const value = this.#value
    // Not `value.byteLength`: Node 20 calls a builtin for it, which costs as much as the copy.
    const valueBytes = this.#valueBytes
    value[0] = number
    words[to >>> 2] = valueBytes
    words[(to >>> 2) + 1] = layout.recordKeyWord(0, layout.RECORD_NO_KEY)
    const from = (to + layout.RECORD_HEADER_BYTES) >>> 3
    const length = value.length
    for (let index = 0; index < length; index++) doubles[from + index] = value[index] as number
    this.to = to + layout.RECORD_HEADER_BYTES + valueBytes
    this.count++
  }

  clear(): void {
    this.to = this.from
    this.count = 0
  }
}

function recordBytes(valueBytes: number): number {
  return layout.RECORD_HEADER_BYTES + valueBytes
}
