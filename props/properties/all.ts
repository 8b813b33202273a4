import { CODEC_PROPERTIES } from './codec-properties.js'
import { GROUP_PROPERTIES } from './group-properties.js'
import { LOG_PROPERTIES } from './log-properties.js'
import type { Property } from './property.js'
import { WAKEUP_PROPERTIES } from './wakeup-properties.js'

/** Every property that is declared. */
export const ALL_PROPERTIES: readonly Property[] = [
  ...GROUP_PROPERTIES,
  ...WAKEUP_PROPERTIES,
  ...LOG_PROPERTIES,
  ...CODEC_PROPERTIES,
]
