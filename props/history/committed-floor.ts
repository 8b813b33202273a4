import type { Seek } from './tracks.js'

interface Commit {
  readonly begin: number
  readonly position: number
  readonly offset: number
}

/** How far a cursor was for sure at some time: a seek in between leaves that open. */
export class CommittedFloor {
  private readonly seeks: readonly Seek[]
  private seeksBegun = 0
  /** No commit counts that may have come before a seek that can have begun by now. */
  private lastSeekEnd = -1
  /** With the highest offset so far. */
  private commits: Commit[] = []

  constructor(seeks: readonly Seek[]) {
    this.seeks = seeks
  }

  add(commit: Commit): void {
    if (commit.begin <= this.lastSeekEnd) return
    const offset = Math.max(commit.offset, this.commits.at(-1)?.offset ?? 0)
    this.commits.push({ ...commit, offset })
  }

  /**
   * What was committed before `begin` and cannot have been taken back by `position`. Positions must
   * not go back from call to call.
   */
  before(begin: number, position: number): number {
    this.passSeeks(position)
    let [low, high] = [0, this.commits.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.commits[middle] as Commit).position < begin) low = middle + 1
      else high = middle
    }
    return this.commits[low - 1]?.offset ?? 0
  }

  private passSeeks(position: number): void {
    const { seeks } = this
    const before = this.lastSeekEnd
    for (; this.seeksBegun < seeks.length; this.seeksBegun++) {
      const seek = seeks[this.seeksBegun] as Seek
      if (seek.begin >= position) break
      this.lastSeekEnd = Math.max(this.lastSeekEnd, seek.end)
    }
    if (this.lastSeekEnd === before) return
    this.commits = this.commits.filter(({ begin }) => begin > this.lastSeekEnd)
  }
}
