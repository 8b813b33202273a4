import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FRAME_GRANULES_MAX, GRANULE_BYTES } from '../log/layout.js'
import { PartitionLog } from '../log/partition-log.js'
import {
  DEAD_LETTER_HEADROOM_BYTES,
  deadLetterGeometry,
  deadLetterTopic,
} from './dead-letter-topic.js'

test('segments of dead letters are a power of two that leaves room, up to the largest frame', () => {
  const roomOf = (segmentGranules: number) =>
    deadLetterGeometry(PartitionLog.create({ segmentCount: 4, segmentGranules })).segmentGranules
  const headroom = DEAD_LETTER_HEADROOM_BYTES / GRANULE_BYTES
  for (const source of [8, 256, 1024, 4096]) {
    const granules = roomOf(source)
    assert.ok(granules >= source + headroom && granules < 2 * (source + headroom))
    assert.ok(Number.isInteger(Math.log2(granules)))
  }
  assert.equal(roomOf(FRAME_GRANULES_MAX + 1), FRAME_GRANULES_MAX + 1)
})

test('the topic of dead letters is named by its group and its source', () => {
  assert.equal(deadLetterTopic('billing', 'orders'), 'dlq.billing.orders')
})
