import { setTimeout as sleep } from 'node:timers/promises'
import { foreignShare, readProcessorTicks } from './processor-time.js'

/** From this share of the machine on, what others do counts as a disturbance. */
export const DISTURBED_SHARE = 0.1

const SAMPLE_MS = 100

/** A limited time that may be spent on getting runs that nobody else disturbs. */
export class Patience {
  #leftMs: number

  /** @param budgetMs milliseconds, 0 or more */
  constructor(budgetMs: number) {
    this.#leftMs = budgetMs
  }

  get isExhausted(): boolean {
    return this.#leftMs <= 0
  }

  /** Waits until nobody else uses the machine, or the patience is exhausted. */
  async awaitQuiet(): Promise<void> {
    while (!this.isExhausted && (await isDisturbed())) this.#leftMs -= SAMPLE_MS
  }

  /** Does something on account of a disturbance. @returns undefined if the patience is exhausted */
  async spend<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    if (this.isExhausted) return undefined
    const start = performance.now()
    const result = await work()
    this.#leftMs -= performance.now() - start
    return result
  }
}

async function isDisturbed(): Promise<boolean> {
  const before = readProcessorTicks()
  if (before === undefined) return false
  await sleep(SAMPLE_MS)
  const after = readProcessorTicks()
  return after !== undefined && foreignShare(before, after, 0) > DISTURBED_SHARE
}
