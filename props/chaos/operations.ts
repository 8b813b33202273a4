/** Whether this process runs with the seam of `memory.ts`, so that operations are counted. */
let isCounting = false
/** Operations of this thread until it is interrupted; 0: it is not to be. */
let left = 0
let interrupt: () => void = () => {}

/** Called by the seam when it is loaded. */
export function startCounting(): void {
  isCounting = true
}

export function areOperationsCounted(): boolean {
  return isCounting
}

/** Interrupts this thread at its operation of this number from now on, just before it is done. */
export function interruptAt(operation: number, act: () => void): void {
  left = operation
  interrupt = act
}

/** Called by the seam before each operation on shared memory. */
export function step(): void {
  if (left > 0 && --left === 0) interrupt()
}
