import { partitionOf } from '../../core/topic/partitioner.js'
import type { MicroCase, MicroSuite } from '../lib/micro.js'

const PER_CALL = 100
const PARTITIONS = 8

/** Where results go, so that computing them cannot be left out. */
const chosen = new Uint32Array(PARTITIONS)

function partitionCase(keyBytes: number): MicroCase {
  const keys = Array.from({ length: PER_CALL }, (_, index) => Buffer.alloc(keyBytes, index + 1))
  return {
    title: `murmur2 of a key of ${keyBytes} bytes, modulo ${PARTITIONS}`,
    operationsPerCall: PER_CALL,
    run() {
      for (const key of keys) {
        const partition = partitionOf(key, 0, keyBytes, PARTITIONS)
        chosen[partition] = (chosen[partition] as number) + 1
      }
    },
  }
}

const suite: MicroSuite = {
  name: 'partitioner',
  unit: 'key',
  cases: [partitionCase(3), partitionCase(10), partitionCase(36)],
}

export default suite
