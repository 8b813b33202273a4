import type { History } from './history.js'
import { HistoryWriter } from './history-writer.js'
import { type Liberties, ModelGroup } from './model-group.js'
import { type Draw, ModelLog, ModelProducer, pairsOf } from './model-log.js'

/** Reads one log for itself, from its beginning. */
interface ModelReader {
  readonly name: string
  readonly log: ModelLog
  next: number
}

/**
 * A valid history: what producers, groups and readers do with a log that is as it must be. The
 * choices say what happens next; when they are used up, everything is brought to its end.
 */
export function validHistory(choices: readonly number[], liberties: Liberties): History {
  let used = 0
  const draw: Draw = (bound) => (choices[used++] ?? 0) % bound
  const writer = new HistoryWriter()
  const logs = [new ModelLog('x'), new ModelLog('y')]
  let lastValue = 0
  const nextValue = () => ++lastValue
  const producers = ['a', 'b', 'c'].map((name) => new ModelProducer(name, writer, nextValue))
  const groups = ['one', 'two'].map((name) => new ModelGroup(name, logs, writer, liberties))
  const readers = logs.map((log) => ({ name: `reader of ${log.partition}`, log, next: 0 }))

  let nowMs = 0
  while (used < choices.length) {
    nowMs += draw(4)
    const who = draw(10)
    if (who < 4) producers[draw(producers.length)]?.step(logs, nowMs, draw)
    else if (who < 9) groups[draw(groups.length)]?.step(nowMs, draw)
    else read(writer, readers[draw(readers.length)] as ModelReader, 1 + draw(5))
  }
  for (const producer of producers) producer.finish()
  for (const group of groups) group.drain(nowMs + 20)
  for (const reader of readers) read(writer, reader, Number.POSITIVE_INFINITY)
  return writer.history
}

function read(writer: HistoryWriter, reader: ModelReader, countMax: number): void {
  const records = reader.log.from(reader.next, countMax)
  const last = records.at(-1)
  if (last === undefined) return
  writer.polled(reader.name, reader.log.partition, pairsOf(records))
  reader.next = last.offset + 1
}
