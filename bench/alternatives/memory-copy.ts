/**
 * `memory.copy` of WebAssembly as a function, for a memory that is shared between threads. Written
 * by hand, since one instruction is all there is:
 *
 * ```wat
 * (module
 *   (import "" "" (memory PAGES PAGES shared))
 *   (func (export "") (param $to i32) (param $from i32) (param $length i32)
 *     (memory.copy (local.get $to) (local.get $from) (local.get $length))))
 * ```
 */
export type MemoryCopy = (to: number, from: number, lengthBytes: number) => void

const PAGE_BYTES = 65_536

/** What of WebAssembly is used here: the types of the language's library come with the DOM's. */
interface WebAssemblyApi {
  readonly Memory: new (descriptor: {
    readonly initial: number
    readonly maximum: number
    readonly shared: true
  }) => { readonly buffer: SharedArrayBuffer }
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> }
}

declare const WebAssembly: WebAssemblyApi

/** A shared memory of WebAssembly. Its buffer passes to other threads as any other. */
export type SharedMemory = InstanceType<WebAssemblyApi['Memory']>

export function createMemory(sizeBytes: number): SharedMemory {
  const pages = Math.ceil(sizeBytes / PAGE_BYTES)
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
}

export function createMemoryCopy(memory: SharedMemory): MemoryCopy {
  const module = new WebAssembly.Module(moduleBytes(memory.buffer.byteLength / PAGE_BYTES))
  const { exports } = new WebAssembly.Instance(module, { '': { '': memory } })
  return exports[''] as MemoryCopy
}

// Sections and encodings: WebAssembly Core Specification, chapter 5, with shared memories by the
// threads proposal.
const TYPE_SECTION = 1
const IMPORT_SECTION = 2
const FUNCTION_SECTION = 3
const EXPORT_SECTION = 7
const CODE_SECTION = 10

const I32 = 0x7f
const FUNCTION_TYPE = 0x60
const FUNCTION = 0
const MEMORY = 2
/** Limits with a maximum, shared. */
const SHARED_LIMITS = 3
const NO_NAME = 0
const LOCAL_GET = 0x20
const MEMORY_COPY = [0xfc, 10, 0, 0]
const END = 0x0b

/** Vectors, sections and bodies begin with their length; all here have fewer than 128 items. */
function moduleBytes(pages: number): Uint8Array {
  const size = unsigned(pages)
  const body = [0, LOCAL_GET, 0, LOCAL_GET, 1, LOCAL_GET, 2, ...MEMORY_COPY, END]
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(TYPE_SECTION, [1, FUNCTION_TYPE, 3, I32, I32, I32, 0]),
    ...section(IMPORT_SECTION, [1, NO_NAME, NO_NAME, MEMORY, SHARED_LIMITS, ...size, ...size]),
    ...section(FUNCTION_SECTION, [1, 0]),
    ...section(EXPORT_SECTION, [1, NO_NAME, FUNCTION, 0]),
    ...section(CODE_SECTION, [1, body.length, ...body]),
  ])
}

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, content.length, ...content]
}

/** LEB128: seven bits a byte, the lowest first, the highest bit says that more follow. */
function unsigned(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}
