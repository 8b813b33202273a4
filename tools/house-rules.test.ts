import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspectDocument } from './document-rules.js'
import { describeFinding, inspectProject } from './house-rules.js'
import { inspectLock, inspectManifest } from './manifest-rules.js'

describe('house rules', () => {
  it('are kept by the whole project', () => {
    assert.deepEqual(inspectProject().map(describeFinding), [])
  })
})

describe('rules for documents', () => {
  const inspect = (text: string): string[] =>
    inspectDocument({ path: 'README.md', text }, (path) => path === 'core/engine.ts').map(
      ({ line, rule }) => `${line} ${rule}`,
    )

  it('refuse an example that does not parse', () => {
    assert.deepEqual(inspect('# Title\n\n```ts\nconst a = 1\nconst = 2\n```\n'), ['5 example'])
  })

  it('allow examples that parse, and other languages', () => {
    assert.deepEqual(inspect('```ts\nawait send()\n```\n\n```sh\nnpm run && {\n```\n'), [])
  })

  it('refuse a link to a file that is not there', () => {
    assert.deepEqual(inspect('See [it](MISSING.md#part).\n'), ['1 link'])
  })

  it('refuse the name of a source file that is not there', () => {
    assert.deepEqual(inspect('See `core/gone.ts`.\n'), ['1 link'])
  })

  it('allow names and links of files that are there, and links to the web', () => {
    const text =
      '`core/engine.ts`, [it](core/engine.ts), [top](#top), [web](https://example.com/a)\n'
    assert.deepEqual(inspect(text), [])
  })
})

describe('rules for the manifest', () => {
  it('refuse what runs at install, and a dependency more', () => {
    const text = JSON.stringify({
      scripts: { prepare: 'tsc', postinstall: 'fetch', test: 'node' },
      dependencies: { piscina: '5', lodash: '4' },
    })
    assert.deepEqual(
      inspectManifest({ path: 'package.json', text }).map(({ message }) => message.split(' ')[2]),
      ['postinstall', 'prepare', 'no'],
    )
  })

  it('refuse a lock file that names a host', () => {
    const text = '{\n  "resolved": "https://registry.example/a.tgz"\n}\n'
    assert.deepEqual(
      inspectLock({ path: 'package-lock.json', text }).map(({ line }) => line),
      [2],
    )
  })
})
