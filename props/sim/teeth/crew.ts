/** A process of the fleet: does jobs that its parent sends, and answers each. */
import { type Bite, bite } from './bite.js'
import { hunt, type Mutant, survey, type Verdict } from './hunt.js'

export type Job =
  | { readonly kind: 'survey'; readonly scenario: string }
  | { readonly kind: 'hunt'; readonly mutant: Mutant; readonly limits: readonly number[] }
  | { readonly kind: 'canary'; readonly name: string }

export interface Answer {
  readonly survey: ReturnType<typeof survey>
  readonly hunt: Verdict
  readonly canary: Bite
}

function perform(job: Job): Answer[Job['kind']] {
  if (job.kind === 'survey') return survey(job.scenario)
  return job.kind === 'hunt' ? hunt(job.mutant, job.limits) : bite(job.name)
}

process.on('message', (job: Job) => process.send?.(perform(job)))
