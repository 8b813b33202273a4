import { parentPort, workerData } from 'node:worker_threads'
import { Recorder } from './recorder.js'

export interface RecorderThreadData {
  readonly buffer: SharedArrayBuffer
  readonly process: number
}

/** Of each event the value can be told from the offset, so that a torn one shows. */
export function valueAt(process: number, offset: number): number {
  return process * 2 ** 40 + offset * 3
}

/** Notes one event after the other, until somebody ends this thread. */
function note({ buffer, process }: RecorderThreadData): void {
  const lane = new Recorder(buffer).lane(process)
  for (let offset = 0; ; offset++) {
    lane.polled(process, offset % 4, offset, valueAt(process, offset), 1 + (offset % 2))
  }
}

if (parentPort !== null) note(workerData as RecorderThreadData)
