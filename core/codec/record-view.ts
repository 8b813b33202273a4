import { inspect } from 'node:util'
import type { ValueView } from './codec.js'
import { isPresent, type Place, type RecordField } from './record-fields.js'
import { problemOf, type RecordLayout } from './record-layout.js'
import type { RecordLoop, RecordValues } from './record-loop.js'
import { undecodable } from './refusal.js'

const NOWHERE = Buffer.alloc(0)

/** Where a view stands. */
class ViewPlace implements Place {
  source: Buffer = NOWHERE
  data: DataView = dataOf(NOWHERE)
  from = 0
  to = 0
  /** Why the record there cannot be read. */
  problem: string | undefined = 'a record to move to'
}

/** The same bytes at the same indexes. */
export function dataOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/**
 * Makes the class of a layout's views. All views of a codec share it, whatever the partition: so
 * the code of a handler sees one shape. Its fields are accessors of the prototype.
 */
export function viewMaker(layout: RecordLayout, loop: RecordLoop): () => ValueView<RecordValues> {
  class RecordView {
    readonly #place = new ViewPlace()

    static move(view: RecordView, source: Buffer, from: number, to: number): void {
      const place = view.#place
      if (source !== place.source) {
        place.source = source
        place.data = dataOf(source)
      }
      place.from = from
      place.to = to
      place.problem = problemOf(layout, place)
    }

    static placeOf(view: RecordView): Place {
      const place = view.#place
      const { problem, from, to } = place
      if (problem !== undefined) throw undecodable('record', problem, to - from)
      return place
    }

    toObject(): RecordValues {
      return loop.read(RecordView.placeOf(this))
    }

    toJSON(): RecordValues {
      return this.toObject()
    }

    [inspect.custom](): RecordValues {
      return this.toObject()
    }
  }

  const { move, placeOf } = RecordView
  for (const field of layout.fields) {
    const get = accessor(field, placeOf)
    Object.defineProperty(RecordView.prototype, field.name, { get, enumerable: true })
  }
  return () => {
    const value = new RecordView()
    return {
      // The accessors were defined above.
      value: value as unknown as ValueView<RecordValues>['value'],
      moveTo: (source, from, to) => move(value, source, from, to),
    }
  }
}

/** V8 inlines it into the handler, where field and read are constants. */
function accessor<View>(field: RecordField, placeOf: (view: View) => Place) {
  const { read } = field.kind
  if (!field.isOptional) {
    return function get(this: View): unknown {
      return read(placeOf(this), field)
    }
  }
  return function getOptional(this: View): unknown {
    const place = placeOf(this)
    return isPresent(place, field) ? read(place, field) : undefined
  }
}
