import * as layout from '../log/layout.js'
import type { LogGeometry, PartitionLog } from '../log/partition-log.js'

/** Names of topics that hold dead letters begin with it. */
export const DEAD_LETTER_PREFIX = 'dlq.'
/** Room for the headers that a dead letter adds to its message. */
export const DEAD_LETTER_HEADROOM_BYTES = 24 * 2 ** 10

const HEADROOM_GRANULES = DEAD_LETTER_HEADROOM_BYTES / layout.GRANULE_BYTES
const SEGMENT_GRANULES_MAX = layout.FRAME_GRANULES_MAX + 1

/** Name of the topic that holds what a group could not handle of a topic. */
export function deadLetterTopic(groupId: string, topic: string): string {
  return `${DEAD_LETTER_PREFIX}${groupId}.${topic}`
}

/** A dead letter log holds any message of its source, and the headers about its death. */
export function deadLetterGeometry(source: PartitionLog): LogGeometry {
  const wanted = source.segmentGranules + HEADROOM_GRANULES
  const segmentGranules = Math.min(2 ** Math.ceil(Math.log2(wanted)), SEGMENT_GRANULES_MAX)
  return { segmentCount: 4, segmentGranules }
}
