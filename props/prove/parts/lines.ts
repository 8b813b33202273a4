import type { Line } from '../part.js'

/** A number for people. */
export function figure(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function seconds(timeMs: number): string {
  return (timeMs / 1000).toFixed(1)
}

export function fieldOf(line: Line, field: string): unknown {
  return line[field]
}

export function numberOf(line: Line, field: string): number {
  const value = line[field]
  return typeof value === 'number' ? value : 0
}

export function textOf(line: Line, field: string): string {
  const value = line[field]
  return typeof value === 'string' ? value : ''
}

export function listOf(line: Line, field: string): readonly unknown[] {
  const value = line[field]
  return Array.isArray(value) ? value : []
}

/** The sum of a field over lines. */
export function sumOf(lines: readonly Line[], field: string): number {
  return lines.reduce((total, line) => total + numberOf(line, field), 0)
}

/** Lines that have a field. */
export function having(lines: readonly Line[], field: string): Line[] {
  return lines.filter((line) => line[field] !== undefined)
}

/** Lines by the text of a field, in the order of its first appearance: one group over all rounds. */
export function groupBy(lines: readonly Line[], field: string): Map<string, Line[]> {
  const groups = new Map<string, Line[]>()
  for (const line of having(lines, field)) {
    const name = textOf(line, field)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [line])
    else group.push(line)
  }
  return groups
}
