import assert from 'node:assert/strict'
import * as memory from '#scenario-memory'
import { byteViews } from '../../core/byte-views.test.helper.js'
import type { Region } from '../../core/memory.js'
import { record, type Scenario } from '../sim/scenario.js'

interface Board {
  readonly shared: Region
  readonly other: Region
}

const TURN = 0
const SIGNAL = 1
const WORD = 8
const LONG = 8
const DOUBLE = 16
const FILLED = 64
const BYTES = 512

/** Operands that wrap, that have a sign, and that are not whole. */
const NUMBERS = [1, -1, 0x7fffffff, -0x80000000, 2 ** 31, 2 ** 32 + 5, 0.5, -1.5]
const LONGS = [1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 0x0123456789abcdefn]
const DOUBLES = [0.1, -0, Number.MAX_VALUE, Number.NEGATIVE_INFINITY, 2 ** 53]

function changeWords({ words }: Region): void {
  for (const value of NUMBERS) {
    record(memory.exchange(words, WORD, value))
    record(memory.add(words, WORD, value))
    record(memory.or(words, WORD, value))
    record(memory.add(words, WORD + 1, value))
    record(memory.and(words, WORD + 1, value))
    record(memory.compareExchange(words, WORD, value, 7))
    record(memory.compareExchange(words, WORD, memory.load(words, WORD), value))
    memory.store(words, WORD + 2, value)
    memory.write(words, WORD + 3, value)
    record([memory.read(words, WORD + 3), memory.load(words, WORD + 2)])
  }
}

function changeWide({ longs, doubles }: Region): void {
  for (const value of LONGS) {
    record(memory.compareExchangeLong(longs, LONG, value, 7n))
    record(memory.compareExchangeLong(longs, LONG, memory.loadLong(longs, LONG), value))
    memory.storeLong(longs, LONG + 1, value)
    record(memory.loadLong(longs, LONG + 1))
  }
  for (const value of DOUBLES) {
    memory.writeDouble(doubles, DOUBLE, value)
    record(memory.readDouble(doubles, DOUBLE))
  }
}

function moveBytes({ shared, other }: Board): void {
  memory.fill(shared.words, -7, FILLED, FILLED + 7)
  memory.fill(shared.words, 9, FILLED + 8, FILLED + 9)
  memory.fill(shared.words, 9, FILLED + 9, FILLED + 9)
  memory.copy(shared, BYTES, byteViews(Buffer.from('0123456789abcdef')), 3, 16)
  memory.copy(shared, BYTES + 16, byteViews(Buffer.from('0123456789abcdef')), 0, 16)
  memory.copy(other, 5, shared, BYTES + 1, BYTES + 12)
  memory.copy(other, 0, shared, BYTES, BYTES)
  const taken = byteViews(Buffer.alloc(8))
  memory.copy(taken, 1, other, 6, 13)
  memory.observe(shared.bytes, BYTES + 2, BYTES + 9)
  memory.observe(shared.bytes, BYTES, BYTES)
  record([taken.bytes.toString(), shared.bytes.toString('latin1', BYTES + 2, BYTES + 9)])
}

function waitFor({ shared: { words } }: Board, turn: number): void {
  for (;;) {
    const signal = memory.load(words, SIGNAL)
    if (memory.load(words, TURN) >= turn) return
    record(memory.wait(words, SIGNAL, signal, Number.POSITIVE_INFINITY))
  }
}

function passOn({ shared: { words } }: Board): void {
  memory.add(words, TURN, 1)
  memory.add(words, SIGNAL, 1)
  memory.notify(words, SIGNAL)
}

/**
 * Every function of the seam, with operands at the edges: what the log itself never asks for must
 * mean the same, too. Two sleepers wait for one word, and a wait that comes too late does not sleep.
 */
export function everyOperation(): Scenario<Board> {
  return {
    name: 'every operation',
    setup: () => ({ shared: memory.allocate(1024), other: memory.allocate(64) }),
    actors: {
      wide(board) {
        waitFor(board, 1)
        changeWide(board.shared)
        passOn(board)
      },
      bytes(board) {
        waitFor(board, 2)
        moveBytes(board)
        passOn(board)
        record(memory.wait(board.shared.words, SIGNAL, 0, Number.POSITIVE_INFINITY))
      },
      words(board) {
        changeWords(board.shared)
        passOn(board)
        const { words } = board.shared
        for (let turn = 0; memory.load(words, TURN) < 3; turn++) memory.pause(turn)
      },
    },
    check: ({ shared: { words } }) => assert.equal(words[TURN], 3),
  }
}
