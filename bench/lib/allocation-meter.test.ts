import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AllocationMeter } from './allocation-meter.js'

const MESSAGES = 2_000_000

function bytesPerMessage(work: (messages: number) => void): number {
  work(MESSAGES / 10)
  const meter = new AllocationMeter()
  meter.start()
  work(MESSAGES)
  return meter.stop() / MESSAGES
}

test('the meter sees 16 bytes per message, across collections', () => {
  // An element that is not a small integer, in an array of anything, is boxed: a 16-byte number.
  const slots: unknown[] = new Array(1024).fill('anything')
  const bytes = bytesPerMessage((messages) => {
    for (let message = 0; message < messages; message++) slots[message % 1024] = message + 0.5
  })
  assert.ok(bytes > 14 && bytes < 18, `${bytes} bytes per message`)
})

test('the meter sees nothing where nothing is allocated', () => {
  let sum = 0
  const bytes = bytesPerMessage((messages) => {
    // Integers all the way: what overflows 32 bits would be boxed until the loop is optimized.
    for (let message = 0; message < messages; message++) sum = Math.imul(sum, 31) ^ message
  })
  assert.ok(Number.isInteger(sum))
  assert.ok(bytes < 0.5, `${bytes} bytes per message`)
})
