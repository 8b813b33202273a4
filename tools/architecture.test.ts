import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { declaredNames } from './declared-names.js'
import { readProjectFile } from './project.js'

const { text } = readProjectFile('ARCHITECTURE.md')
/** [`Class.method`](folder/file.ts), or the name of a function, a type or a constant. */
const POINTERS = [...text.matchAll(/\[`([\w.]+)`\]\(([\w/-]+\.ts)\)/g)]
const LINES = text.split('\n')

describe('ARCHITECTURE.md', () => {
  it('points only to names that their files declare', () => {
    const unknown = POINTERS.filter(
      ([, name = '', path = '']) => !declaredNames(readProjectFile(path)).has(name),
    )
    assert.deepEqual(
      unknown.map(([pointer]) => pointer),
      [],
    )
  })

  it('says of each invariant where it is upheld', () => {
    for (let number = 1; number <= 15; number++) {
      const row = LINES.find((line) => line.startsWith(`| ${number} | `)) ?? ''
      assert.match(row, /\| \[`[\w.]+`\]\([\w/-]+\.ts\)/, `invariant ${number}`)
    }
  })

  it('follows a message through every stage', () => {
    for (const stage of [
      'Staged',
      'Claimed',
      'Filled',
      'Published',
      'Woken',
      'Read',
      'Handled',
      'Committed',
      'Recycled',
    ]) {
      const step = LINES.find((line) => line.includes(`**${stage}.**`)) ?? ''
      assert.match(step, /\[`[\w.]+`\]\([\w/-]+\.ts\)/, stage)
    }
  })
})

describe('declared names', () => {
  const names = declaredNames({
    path: 'core/x.ts',
    text: 'export class Log {\n  append(): void {}\n}\nconst LAP = 1\nfunction read() {\n  const inner = 1\n  return inner\n}\n',
  })

  it('are those of a file and of its classes', () => {
    assert.deepEqual([...names].sort(), ['LAP', 'Log', 'Log.append', 'append', 'read'])
  })

  it('are not those inside functions', () => {
    assert.ok(!names.has('inner'))
  })
})
