import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Load, Measurement, Settings } from '../lib/row.js'
import { RING } from './compiler.js'

/** The ring in C++: a program of its own, since what is measured is what C++ can do by itself. */
export async function measure(load: Load, settings: Settings): Promise<Measurement> {
  const { warmUpCount, count } = load
  const numbers = [settings.sizeBytes, settings.recordsPerPublish, warmUpCount, count]
  const { stdout } = await promisify(execFile)(RING, numbers.map(String))
  const [elapsedNs = 0, cpuMs = 0] = stdout.split(' ').map(Number)
  return { elapsedNs, allocatedBytes: {}, otherCpuMs: cpuMs }
}
