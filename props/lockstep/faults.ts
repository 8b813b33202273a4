import * as shipped from '../../core/memory.js'

type Operations = Partial<typeof shipped>

/** Wrong operations, each of which lock-step must report: they show that it would notice. */
export const faults: Readonly<Record<string, Operations>> = {
  'attach sees a copy': { attach: (buffer) => shipped.attach(buffer.slice(0)) },
  'load reads the next word': { load: (words, index) => shipped.load(words, index + 1) },
  'store is dropped': { store: () => {} },
  'store saturates': {
    store: (words, index, value) => shipped.store(words, index, Math.min(value, 0x7fffffff)),
  },
  'store touches another word, too': {
    store(words, index, value) {
      shipped.store(words, index, value)
      shipped.add(words, words.length - 1, 1)
    },
  },
  'compareExchange replaces whatever is there': {
    compareExchange: (words, index, _expected, replacement) =>
      shipped.exchange(words, index, replacement),
  },
  'compareExchange returns the replacement': {
    compareExchange(words, index, expected, replacement) {
      const found = shipped.compareExchange(words, index, expected, replacement)
      return found === expected ? replacement : found
    },
  },
  'exchange only reads': { exchange: (words, index) => shipped.load(words, index) },
  'add adds one more': { add: (words, index, value) => shipped.add(words, index, value + 1) },
  'add returns the sum': {
    add: (words, index, value) => (shipped.add(words, index, value) + value) | 0,
  },
  'or is exclusive': {
    or(words, index, bits) {
      const found = shipped.load(words, index)
      shipped.store(words, index, found ^ bits)
      return found
    },
  },
  'and keeps all': { and: (words, index) => shipped.load(words, index) },
  'loadLong has 32 bits': {
    loadLong: (longs, index) => BigInt.asIntN(32, shipped.loadLong(longs, index)),
  },
  'storeLong has 32 bits': {
    storeLong: (longs, index, value) => shipped.storeLong(longs, index, BigInt.asIntN(32, value)),
  },
  'compareExchangeLong compares 32 bits': {
    compareExchangeLong(longs, index, expected, replacement) {
      const found = shipped.loadLong(longs, index)
      const isEqual = BigInt.asIntN(32, found) === BigInt.asIntN(32, expected)
      return shipped.compareExchangeLong(longs, index, isEqual ? found : expected, replacement)
    },
  },
  'read has no sign': { read: (words, index) => shipped.read(words, index) >>> 0 },
  'write is dropped': { write: () => {} },
  'readDouble has 32 bits': {
    readDouble: (doubles, index) => Math.fround(shipped.readDouble(doubles, index)),
  },
  'writeDouble has 32 bits': {
    writeDouble: (doubles, index, value) => shipped.writeDouble(doubles, index, Math.fround(value)),
  },
  'fill leaves the last word out': {
    fill: (words, value, from, to) => shipped.fill(words, value, from, to - 1),
  },
  'copy leaves the last byte out': {
    copy: (target, at, source, from, to) => shipped.copy(target, at, source, from, to - 1),
  },
  'wait sleeps whatever is there': {
    wait: (words, index, _value, timeoutMs) =>
      shipped.wait(words, index, shipped.load(words, index), timeoutMs),
    waitAsync: (words, index) => shipped.waitAsync(words, index, shipped.load(words, index)),
  },
  'wait does not sleep': { wait: () => 'not-equal' },
  'waitAsync waits for the next word': {
    waitAsync: (words, index) =>
      shipped.waitAsync(words, index + 1, shipped.load(words, index + 1)),
  },
  'notify is dropped': { notify: () => {} },
  'notify wakes those of the next word': {
    notify: (words, index) => shipped.notify(words, index + 1),
  },
}

export function operationsOf(fault: string): Operations {
  const operations = faults[fault]
  if (operations === undefined) throw new Error(`no fault '${fault}'`)
  return operations
}
