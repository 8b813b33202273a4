/** A change of one place in the sources. */
export interface Breakage {
  readonly name: string
  readonly file: string
  readonly right: string
  readonly wrong: string
}

/** What must not go unnoticed by the everyday tests. */
export const BREAKAGES: readonly Breakage[] = [
  {
    name: 'publish before payload',
    file: 'core/log/appender.ts',
    right: `
    this.fill(content)
    if (this.publish()) return true
`,
    wrong: `
    if (this.publish()) {
      this.fill(content)
      return true
    }
`,
  },
  {
    name: 'commit before handler',
    file: 'workers/lane.ts',
    right: 'if (this.host.isAtMostOnce) this.commitTo(reader.offset + reader.remaining)',
    wrong: 'this.commitTo(reader.offset + reader.remaining)',
  },
  {
    name: 'repair removed',
    file: 'core/log/repair.ts',
    right: `
  if (memory.load(log.words, layout.LEASE_WORD) === dead) {
`,
    wrong: `
  if (dead !== 0) return 0
  if (memory.load(log.words, layout.LEASE_WORD) === dead) {
`,
  },
]

/**
 * The text of a file, broken.
 *
 * @throws if it has no such place, or more than one
 */
export function broken(text: string, { name, file, right, wrong }: Breakage): string {
  const pieces = text.split(right)
  if (pieces.length !== 2) throw new Error(`'${name}' has no place of its own in ${file}`)
  return pieces.join(wrong)
}
