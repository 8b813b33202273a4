import { randomUUID } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What can be wrong with a handler's file. */
export type Breakage = 'missing' | 'syntax error' | 'throws'

/** A handler's file that can be broken and mended while workers come and go. */
export class HandlerFile {
  readonly url: URL
  isBroken = false
  private readonly folder = join(tmpdir(), `millrace-chaos-${randomUUID()}`)
  private readonly path = join(this.folder, 'handler.mjs')
  private readonly handler: URL

  /** @param handler where the real one is */
  constructor(handler: URL) {
    this.handler = handler
    this.url = pathToFileURL(this.path)
  }

  break(breakage: Breakage): void {
    this.isBroken = true
    if (breakage === 'missing') rmSync(this.path)
    else if (breakage === 'syntax error') this.write('export default {')
    else this.write("throw new Error('a handler that throws while it is loaded')")
  }

  /** Makes it, too. */
  mend(): void {
    mkdirSync(this.folder, { recursive: true })
    this.write(`export { default } from '${this.handler.href}'\n`)
    this.isBroken = false
  }

  /** In one step: nobody may load the half of it. */
  private write(text: string): void {
    const draft = `${this.path}.draft`
    writeFileSync(draft, text)
    renameSync(draft, this.path)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
