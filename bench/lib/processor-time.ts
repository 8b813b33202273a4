import { readFileSync } from 'node:fs'

/** Processor time of the whole machine since it started, in the kernel's ticks. */
export interface ProcessorTicks {
  readonly busy: number
  readonly total: number
}

const TICK_MS = 10

/**
 * Reads the first line of Linux's `/proc/stat`:
 *
 *     cpu  user nice system idle iowait irq softirq steal guest guest_nice
 *
 * Time that the hypervisor gave to others (steal) counts as busy; guest time is part of user time.
 *
 * @returns undefined where the text is of another form
 */
export function parseProcessorTicks(text: string): ProcessorTicks | undefined {
  const fields = /^cpu +([\d ]+)/.exec(text)?.[1]?.trim().split(' ').map(Number)
  if (fields === undefined || fields.length < 8) return undefined
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = fields
  const busy = user + nice + system + irq + soft + steal
  return { busy, total: busy + idle + wait }
}

/** @returns undefined on systems other than Linux */
export function readProcessorTicks(): ProcessorTicks | undefined {
  try {
    return parseProcessorTicks(readFileSync('/proc/stat', 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * The share of the machine that others used between two readings, 0 to 1.
 *
 * @param ownMs processor time that the benchmark itself used meanwhile
 */
export function foreignShare(before: ProcessorTicks, after: ProcessorTicks, ownMs: number): number {
  const total = after.total - before.total
  if (total <= 0) return 0
  const foreign = after.busy - before.busy - ownMs / TICK_MS
  return Math.min(Math.max(foreign / total, 0), 1)
}
