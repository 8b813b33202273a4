import type { Part } from './part.js'
import { brokenBuilds } from './parts/broken-builds.js'
import { chaos } from './parts/chaos.js'
import { deep, drawn, explored } from './parts/explored.js'
import { history } from './parts/history.js'
import { lockStep } from './parts/lock-step.js'
import { mutation } from './parts/mutation.js'
import { properties } from './parts/properties.js'
import { teeth } from './parts/teeth.js'

/** The evidence, in the order of VERIFICATION.md. */
export const parts: readonly Part[] = [
  explored,
  deep,
  drawn,
  teeth,
  lockStep,
  properties,
  history,
  chaos,
  brokenBuilds,
  mutation,
]
