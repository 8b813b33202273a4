import type { Experiment } from '../lib/experiment.js'

const START_UP = new URL('./start-up.js', import.meta.url)
const MEMORY = new URL('./memory.js', import.meta.url)
const REDELIVERY = new URL('./redelivery.js', import.meta.url)

export const startUp: Experiment = {
  name: 'start-up',
  title: 'Start-up',
  about: `From nothing to the first message handled, in milliseconds: the package is loaded, an engine created,
the workers started, a message sent. The times count from the same beginning. The process itself is
there already.`,
  cases: [1, 4].map((workers) => ({
    name: `start-up-${workers}`,
    title: `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    module: START_UP,
    settings: { workers },
    trial: {},
  })),
  columns: [
    { title: 'loaded', figure: 'loadedMs' },
    { title: 'workers ready', figure: 'readyMs' },
    { title: 'first message handled', figure: 'handledMs' },
  ],
  claims: [
    {
      text: 'An engine with 4 workers, from nothing to the first message handled: at most 250 ms',
      of: 'start-up-4',
      figure: 'handledMs',
      bound: 'at most',
      limit: 250,
    },
  ],
  plots: () => [],
}

export const memory: Experiment = {
  name: 'memory',
  title: 'Memory',
  about: `Resident memory of the process in MiB: before there is an engine, with idle workers, and when a topic
of 64 MiB has been written all through. Per worker: what each worker, with its share of the supervisor,
adds while idle. Heap: what V8 has reserved for a worker's objects. So an engine takes the memory of its
topics as it is first written, and the rest per worker.`,
  cases: [1, 4, 16].map((workers) => ({
    name: `memory-${workers}`,
    title: `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    module: MEMORY,
    settings: { workers },
    trial: {},
  })),
  roundsMax: 3,
  columns: [
    { title: 'bare', figure: 'bareMib' },
    { title: 'idle', figure: 'idleMib' },
    { title: 'written', figure: 'usedMib' },
    { title: 'per worker', figure: 'perWorkerMib' },
    { title: 'heap of a worker', figure: 'heapMib' },
  ],
  claims: [],
  plots: () => [],
}

const DEATHS = 30

export const redelivery: Experiment = {
  name: 'redelivery',
  title: 'Redelivery after a death',
  about: `A thread dies in the middle of a handler, and another worker of its group gets the message: from the
death until the message is handled, in milliseconds, over ${DEATHS} deaths in each round. Either the handler
calls \`process.exit\`, or another thread calls \`terminate()\` while it computes. The time that the thread
takes to die is part of it.`,
  cases: [
    ['exit', 'process.exit in the handler', 1],
    ['terminate', 'terminate() from outside', 0],
  ].map(([name, title, endsItself]) => ({
    name: `redelivery-${name}`,
    title: String(title),
    module: REDELIVERY,
    settings: { deaths: DEATHS, endsItself: Number(endsItself) },
    trial: { deaths: 2 },
  })),
  roundsMax: 3,
  columns: [
    { title: 'p50', figure: 'p50Ms' },
    { title: 'p99', figure: 'p99Ms' },
    { title: 'max', figure: 'maxMs' },
  ],
  claims: [
    {
      text: 'Redelivery after process.exit in a handler: p99 at most 50 ms',
      of: 'redelivery-exit',
      figure: 'p99Ms',
      bound: 'at most',
      limit: 50,
    },
    {
      text: 'Redelivery after terminate(): p99 at most 50 ms',
      of: 'redelivery-terminate',
      figure: 'p99Ms',
      bound: 'at most',
      limit: 50,
    },
  ],
  plots: () => [],
}
