import type { Summary } from './statistics.js'

/** Three significant digits: more would pretend. */
export function formatValue(value: number): string {
  if (value === 0) return '0'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(Math.min(digits, 4))
}

export function formatRange({ min, max }: Summary): string {
  return `${formatValue(min)} – ${formatValue(max)}`
}
