/** Milliseconds on a clock that all threads of the process share and that never goes back. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Keeps the calling thread from doing anything else. */
export function blockThread(timeMs: number): void {
  const end = nowMs() + timeMs
  while (nowMs() < end);
}
