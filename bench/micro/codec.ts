import { ByteWriter } from '../../core/codec/byte-writer.js'
import { bytes } from '../../core/codec/bytes.js'
import type { Codec } from '../../core/codec/codec.js'
import { json } from '../../core/codec/json.js'
import { utf8 } from '../../core/codec/utf8.js'
import type { MicroCase, MicroSuite } from '../lib/micro.js'
import { createOrder } from '../lib/order.js'

const PER_CALL = 100

function encodeCase<T>(what: string, codec: Codec<T>, value: T): MicroCase {
  const writer = new ByteWriter()
  return {
    title: `encode ${what}`,
    operationsPerCall: PER_CALL,
    run() {
      writer.truncate(0)
      for (let turn = 0; turn < PER_CALL; turn++) codec.encode(value, writer)
    },
  }
}

function decodeCase<T>(what: string, codec: Codec<T>, value: T): MicroCase {
  const writer = new ByteWriter()
  codec.encode(value, writer)
  const { bytes: source, position: end } = writer
  const kept = new Array<T>(PER_CALL)
  return {
    title: `decode ${what}`,
    operationsPerCall: PER_CALL,
    run() {
      for (let turn = 0; turn < PER_CALL; turn++) kept[turn] = codec.decode(source, 0, end)
    },
  }
}

const TEXT = 'A message of fifty-seven letters, all of them are ASCII..'
const WIDE_TEXT = 'Eine Nachricht mit Umlauten: äöüß, und ein paar Zeichen €'

const suite: MicroSuite = {
  name: 'codec',
  unit: 'value',
  cases: [
    encodeCase('json, 4 fields', json(), createOrder(17)),
    decodeCase('json, 4 fields', json(), createOrder(17)),
    encodeCase('utf8, 57 ASCII characters', utf8(), TEXT),
    decodeCase('utf8, 57 ASCII characters', utf8(), TEXT),
    encodeCase('utf8, 57 characters, some wide', utf8(), WIDE_TEXT),
    decodeCase('utf8, 57 characters, some wide', utf8(), WIDE_TEXT),
    encodeCase('bytes, 64', bytes(), new Uint8Array(64)),
    decodeCase('bytes, 64', bytes(), new Uint8Array(64)),
  ],
}

export default suite
