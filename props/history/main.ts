/**
 * Judges the history checker: `node dist/props/history/main.js [--seed N] [--runs N]`.
 *
 * Prints one JSON object a line:
 * - for each anomaly `{ anomaly, planted, found, validHistories, falseAlarms }`: histories that show
 *   it (one written by hand, the others mutations of histories of a model), how many of them it was
 *   found in, histories that are right, and how many of those it was reported in all the same;
 * - `{ vectors, right, seed, runs }`: cases of Jepsen's own tests, and how many of them the checker
 *   answers as they say. Both are 0 where the vectors are not beside the repository.
 *
 * Exits with 1 if anything was missed or reported wrongly, or if an anomaly was planted in less
 * than a twentieth of the runs.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { answer, HAS_VECTORS, readVectors } from './jepsen-vectors.js'
import { validate } from './validation.js'

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, runs: { type: 'string', default: '1000' } },
})
const [seed, runs] = [Number(values.seed), Number(values.runs)]

for (const row of validate(seed, runs)) {
  console.log(JSON.stringify(row))
  const isRight = row.found === row.planted && row.falseAlarms === 0
  if (!isRight || row.planted < runs / 20) process.exitCode = 1
}

const vectors = HAS_VECTORS ? readVectors() : []
const right = vectors.filter((vector) => isDeepStrictEqual(answer(vector), vector.expect)).length
console.log(JSON.stringify({ vectors: vectors.length, right, seed, runs }))
if (right < vectors.length) process.exitCode = 1
