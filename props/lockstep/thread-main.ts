/** A thread in lock-step: sets up a scenario, plays one of its actors, judges its end. */
import { workerData } from 'node:worker_threads'
import type { Status } from '../sim/execution.js'
import { judge } from '../sim/judge.js'
import { type Ending, type Scenario, useRecorder } from '../sim/scenario.js'
import { ABANDONED, Control } from './control.js'
import { operationsOf } from './faults.js'
import {
  awaitDeath,
  firstDeath,
  handOut,
  record,
  repaired,
  useOperations,
  useTurns,
} from './memory.js'
import type { Answer, Command, Ended, ThreadData } from './protocol.js'
import { StepLog } from './step-log.js'
import { subjectNamed } from './subjects.js'

const { control: controlBuffer, log: logBuffer, port, fault } = workerData as ThreadData
const control = new Control(controlBuffer)
const log = new StepLog(logBuffer)

/** A scenario with a world of this thread, on memory that all threads share. */
interface Stage {
  act(actor: string): void
  judge(ended: Ended): Answer
}

let stage: Stage | undefined

function setUp<World>(scenario: Scenario<World>): Stage {
  const world = scenario.setup()
  const names = Object.keys(scenario.actors)
  const isAlone = (scenario.repairers ?? 1) === 1
  const repairAll = (): never => {
    for (let count = isAlone ? 1 : firstDeath(); ; count++) {
      const dead = names[awaitDeath(count)]
      if (dead !== undefined) scenario.repair?.(world, dead)
      repaired()
    }
  }
  return {
    act: (name) => (names.includes(name) ? scenario.actors[name]?.(world) : repairAll()),
    judge: (ended) => ({ verdict: judge(scenario, world, ended.names, endingOf(ended)) }),
  }
}

function endingOf({ names, statuses, history }: Ended): Ending {
  return {
    status: (name) => statuses[names.indexOf(name)] as Status,
    events: (name) => history.filter(({ actor }) => actor === name).map(({ event }) => event),
    history: () => [...history],
  }
}

function tell(answer: Answer): void {
  port.postMessage(answer)
}

function act(actor: string): Answer {
  useTurns({ control, log, tell: (event) => tell({ event }) })
  useRecorder({ record })
  try {
    stage?.act(actor)
    return { isFinished: true }
  } catch (error) {
    if (error === ABANDONED) return { isFinished: false }
    throw error
  } finally {
    useTurns(undefined)
    useRecorder(undefined)
  }
}

function obey(command: Command): Answer {
  if ('act' in command) return act(command.act)
  if ('judge' in command) return (stage as Stage).judge(command.judge)
  handOut(command.buffers)
  stage = subjectNamed(command.setUp).use(setUp)
  return { isFinished: true }
}

if (fault !== undefined) useOperations(operationsOf(fault))
port.on('message', (command: Command) => {
  try {
    tell(obey(command))
  } catch (error) {
    tell({ failed: error instanceof Error ? error.message : String(error) })
  }
  control.end()
})
