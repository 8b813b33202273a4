import { MillraceError } from '../errors.js'
import { invalidOption } from '../options.js'
import { partitionOf } from './partitioner.js'

/**
 * Chooses the partition of each message that has a key. It must give the same answer in every
 * thread, so one of your own is the default export of a file of its own, like a codec.
 *
 * @example
 * // by-region.ts
 * export default {
 *   module: import.meta.url,
 *   partitionOf: (key, from, to, partitions) => key[from] % partitions,
 * } satisfies Partitioner
 */
export interface Partitioner {
  /** URL of the module whose default export this is, so that worker threads can load it. */
  readonly module?: string | URL

  /**
   * @param key holds the key's bytes at [from, to), at least during the call; text is UTF-8
   * @returns a whole number from 0 to `partitions` - 1
   */
  partitionOf(key: Uint8Array, from: number, to: number, partitions: number): number
}

/** What another thread is told about a partitioner: its module's URL; none for the default. */
export interface PartitionerDescription {
  readonly module?: string
}

/** Kafka's choice. */
export const defaultPartitioner: Partitioner = { partitionOf }

/** @throws MillraceError `INVALID_OPTION` for anything but a partitioner or undefined */
export function toPartitioner(value: Partitioner | undefined, field: string): Partitioner {
  if (value === undefined) return defaultPartitioner
  const isPartitioner =
    typeof value === 'object' && value !== null && typeof value.partitionOf === 'function'
  if (!isPartitioner) throw invalidOption(field, 'an object with a method partitionOf', value)
  return value
}

/** @throws MillraceError `CODEC_NOT_PORTABLE` for a user's partitioner that names no module */
export function describePartitioner(partitioner: Partitioner): PartitionerDescription {
  if (partitioner === defaultPartitioner) return {}
  if (partitioner.module !== undefined) return { module: String(partitioner.module) }
  throw new MillraceError(
    'CODEC_NOT_PORTABLE',
    'a partitioner cannot be loaded by other threads: make it the default export of a file of its ' +
      'own and set its field module to import.meta.url',
  )
}

/** @throws MillraceError `CODEC_NOT_PORTABLE`; the reason is the error's cause */
export async function loadPartitioner(description: PartitionerDescription): Promise<Partitioner> {
  const { module } = description
  if (module === undefined) return defaultPartitioner
  try {
    const namespace: { readonly default?: Partitioner } = await import(module)
    if (namespace.default === undefined) throw invalidOption('default export', 'there', undefined)
    return toPartitioner(namespace.default, 'default export')
  } catch (cause) {
    const message = `the partitioner could not be loaded from ${module}`
    throw new MillraceError('CODEC_NOT_PORTABLE', message, { module }, cause)
  }
}
