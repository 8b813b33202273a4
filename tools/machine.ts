import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** What a reader needs to know of where figures come from. */
export interface MachineFacts {
  readonly processor: string
  readonly cores: number
  readonly memoryGib: number
  readonly platform: string
  readonly node: string
  readonly v8: string
  /** Short hash, followed by `+` if there were changes beside it. */
  readonly commit: string
  /** ISO date, to the minute, UTC. */
  readonly date: string
  /** Runnable threads over the last minute before the run: other work on the same machine. */
  readonly loadBefore: number
}

/** @param folders where changes that are not committed would make the commit's name misleading */
export function machineFacts(...folders: readonly string[]): MachineFacts {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    v8: process.versions.v8,
    commit: commit(folders),
    date: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}

/** In one sentence, for those who read a document without its measurements. */
export function describeMachine({ commit, date, node, ...machine }: MachineFacts): string {
  const { processor, cores, memoryGib } = machine
  return `Commit ${commit}, ${date}, Node ${node}, ${processor}, ${cores} cores, ${memoryGib} GiB.`
}

function commit(folders: readonly string[]): string {
  try {
    const hash = git('rev-parse', '--short', 'HEAD')
    return git('status', '--porcelain', '--', ...folders) === '' ? hash : `${hash}+`
  } catch {
    return 'unknown'
  }
}

function git(...parameters: string[]): string {
  return execFileSync('git', parameters, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
}
