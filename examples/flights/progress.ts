/** How far the job is, at one moment. */
export interface Snapshot {
  readonly atMs: number
  readonly sent: number
  /** Messages that each group has still to handle. */
  readonly lag: Readonly<Record<string, number>>
}

/** Where progress is shown: standard output, as a rule. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const REDRAW_MS = 100
const LINE_MS = 2000
const BAR_WIDTH = 24

/**
 * Shows progress until it is stopped: a bar that is drawn over and over on a terminal, a line every
 * two seconds elsewhere.
 *
 * @param read takes a snapshot; called for every drawing
 * @param total flights in all
 */
export function showProgress(
  screen: Screen,
  total: number,
  read: () => Snapshot,
): { stop(): void } {
  const isTerminal = screen.isTTY === true
  let last = read()
  const line = () => {
    const now = read()
    const text = progressLine(now, last, total)
    last = now
    return isTerminal ? text.slice(0, (screen.columns ?? 80) - 1) : text
  }
  const draw = () => screen.write(isTerminal ? `\r${line()}\x1b[K` : `${line()}\n`)
  const timer = setInterval(draw, isTerminal ? REDRAW_MS : LINE_MS)
  return {
    stop() {
      clearInterval(timer)
      draw()
      if (isTerminal) screen.write('\n')
    },
  }
}

/** The line that stands for `now`; its rate is that since the snapshot `before`. */
export function progressLine(now: Snapshot, before: Snapshot, total: number): string {
  const lags = Object.entries(now.lag)
  const handled = now.sent - Math.max(0, ...lags.map(([, messages]) => messages))
  const share = total === 0 ? 1 : Math.max(0, handled) / total
  const filled = Math.floor(share * BAR_WIDTH)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
  const lagTexts = lags.map(([group, messages]) => `${group} ${messages.toLocaleString('en')}`)
  return [
    `${bar} ${String(Math.floor(share * 100)).padStart(3)} %`,
    `${now.sent.toLocaleString('en')} sent`,
    `${rate(now, before).toLocaleString('en')}/s`,
    `lag ${lagTexts.join(', ')}`,
  ].join('  ')
}

function rate(now: Snapshot, before: Snapshot): number {
  const seconds = (now.atMs - before.atMs) / 1000
  return seconds > 0 ? Math.round((now.sent - before.sent) / seconds) : 0
}
