import { ByteWriter } from '../../core/codec/byte-writer.js'
import { bytes } from '../../core/codec/bytes.js'
import type { Codec } from '../../core/codec/codec.js'
import { json } from '../../core/codec/json.js'
import { msgpack } from '../../core/codec/msgpack.js'
import { record } from '../../core/codec/record.js'
import { layOut } from '../../core/codec/record-layout.js'
import { plainLoop, type RecordLoop, unrolledLoop } from '../../core/codec/record-loop.js'
import { utf8 } from '../../core/codec/utf8.js'
import type { MicroCase, MicroSuite } from '../lib/micro.js'
import { createOrder, touch } from '../lib/order.js'

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

const SCHEMA = { id: 'uint32', customer: 'text', amount: 'float64', paid: 'boolean' } as const
const ORDER = createOrder(17)
const NAMES = Object.keys(ORDER)
const { fields: FIELDS, fixedBytes: FIXED_BYTES } = layOut(SCHEMA)

/** What reading all fields in place takes, the move to the record included. */
function viewCase(): MicroCase {
  const codec = record(SCHEMA)
  const writer = new ByteWriter()
  codec.encode(ORDER, writer)
  const { bytes: source, position: end } = writer
  const view = codec.view?.()
  if (view === undefined) throw new Error('a record has views')
  const { value } = view
  const kept = new Float64Array(PER_CALL)
  return {
    title: 'read record in place, 4 fields',
    operationsPerCall: PER_CALL,
    run() {
      for (let turn = 0; turn < PER_CALL; turn++) {
        view.moveTo(source, 0, end)
        kept[turn] = touch(value)
      }
    },
  }
}

/** Only the loop over the fields, to compare the ways to go over them. */
function loopCases(what: string, loop: RecordLoop): MicroCase[] {
  const writer = new ByteWriter()
  const values = { ...ORDER }
  const write = () => {
    writer.truncate(FIXED_BYTES)
    loop.write(values, writer, 0)
  }
  write()
  const { bytes: source, data, position: to } = writer
  const kept = new Array<unknown>(PER_CALL)
  return [
    {
      title: `write 4 fields, ${what}`,
      operationsPerCall: PER_CALL,
      run() {
        for (let turn = 0; turn < PER_CALL; turn++) write()
      },
    },
    {
      title: `read 4 fields, ${what}`,
      operationsPerCall: PER_CALL,
      run() {
        const place = { source, data, from: 0, to }
        for (let turn = 0; turn < PER_CALL; turn++) kept[turn] = loop.read(place)
      },
    },
  ]
}

const TEXT = 'A message of fifty-seven letters, all of them are ASCII..'
const WIDE_TEXT = 'Eine Nachricht mit Umlauten: äöüß, und ein paar Zeichen €'

const suite: MicroSuite = {
  name: 'codec',
  unit: 'value',
  cases: [
    encodeCase('json, 4 fields', json(), createOrder(17)),
    decodeCase('json, 4 fields', json(), createOrder(17)),
    encodeCase('msgpack, 4 fields', msgpack(), ORDER),
    decodeCase('msgpack, 4 fields', msgpack(), ORDER),
    encodeCase('msgpack, 4 fields, a structure', msgpack({ structures: [NAMES] }), ORDER),
    decodeCase('msgpack, 4 fields, a structure', msgpack({ structures: [NAMES] }), ORDER),
    encodeCase('record, 4 fields', record(SCHEMA), ORDER),
    decodeCase('record, 4 fields', record(SCHEMA), ORDER),
    viewCase(),
    ...loopCases('unrolled', unrolledLoop(FIELDS)),
    ...loopCases('in a loop', plainLoop(FIELDS)),
    encodeCase('utf8, 57 ASCII characters', utf8(), TEXT),
    decodeCase('utf8, 57 ASCII characters', utf8(), TEXT),
    encodeCase('utf8, 57 characters, some wide', utf8(), WIDE_TEXT),
    decodeCase('utf8, 57 characters, some wide', utf8(), WIDE_TEXT),
    encodeCase('bytes, 64', bytes(), new Uint8Array(64)),
    decodeCase('bytes, 64', bytes(), new Uint8Array(64)),
  ],
}

export default suite
