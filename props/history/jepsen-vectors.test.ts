import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answer, HAS_VECTORS, readVectors } from './jepsen-vectors.js'

const skip = HAS_VECTORS ? false : 'the vectors lie beside the repository, where it was developed'

test("Jepsen's own cases: every anomaly that is expected, and none that is not", { skip }, () => {
  const vectors = readVectors()
  assert.equal(vectors.length, 23)
  for (const vector of vectors) assert.deepEqual(answer(vector), vector.expect, vector.name)
})
