import { GCProfiler, getHeapStatistics } from 'node:v8'

/**
 * Counts the bytes that the calling thread allocates on its JavaScript heap between start and stop.
 *
 * The growth of the used heap, plus what each collection in between took away, is what was
 * allocated; V8 counts the used heap to the byte, up to the top of its allocation buffer. So no
 * flag is needed, the heap may be collected as often as it likes, and a single heap number of
 * 16 bytes per message shows (the test is such a canary).
 *
 * The measurement itself allocates about 1 KB. What is still being swept from a collection before
 * the start can hide some bytes: up to 0.6 MB were seen, on Node 26. So measure many messages.
 * Memory outside the heap (backing stores) is not counted.
 */
export class AllocationMeter {
  readonly #profiler = new GCProfiler()
  #usedAtStart = 0

  start(): void {
    this.#profiler.start()
    this.#usedAtStart = getHeapStatistics().used_heap_size
  }

  /** @returns bytes since {@link start} */
  stop(): number {
    let bytes = getHeapStatistics().used_heap_size - this.#usedAtStart
    for (const { beforeGC, afterGC } of this.#profiler.stop().statistics) {
      bytes += beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize
    }
    return bytes
  }
}
