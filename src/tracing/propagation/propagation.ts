/**
 * propagation — reads the trace that a request belongs to from its header fields, and writes it for the target, in the
 * formats that a configuration names.
 *
 * What is written takes the place of what the client has sent in the same format. The state of other vendors that goes
 * beside a traceparent (tracestate) stays while the trace goes on, and is dropped where another begins.
 *
 * `extract` is cheap where no field carries a trace: one look at each (trace-fields.ts), no allocation. All that is
 * read is read without making a string, and w3c and b3 are written without one: into lines that the head keeps.
 */
import { FieldName, removeField } from '../../http1/fields.ts'
import type { Head } from '../../http1/head.ts'
import { type ExtractName, FORMAT_NAMES, type FormatName } from './format.ts'
import { aws } from './formats/aws.ts'
import { b3, b3Single } from './formats/b3.ts'
import { datadog } from './formats/datadog.ts'
import { gcp } from './formats/gcp.ts'
import { instana } from './formats/instana.ts'
import { jaeger } from './formats/jaeger.ts'
import { ot } from './formats/ot.ts'
import { w3c } from './formats/w3c.ts'
import { Incoming } from './incoming.ts'
import type { SpanIds, TraceContext } from './trace-context.ts'
import { TRACE_FIELDS, TRACESTATE, TraceFields } from './trace-fields.ts'
import type { TraceFormat } from './trace-format.ts'
import { isTracestateValid } from './tracestate.ts'

export interface PropagationSettings {
  /** In order: the first that is found counts. */
  readonly extract: readonly ExtractName[]
  /** Names of fields that the target is not to see. */
  readonly clear: readonly string[]
  readonly inject: readonly (FormatName | 'preserve')[]
  /** For 'preserve', where nothing was found. */
  readonly defaultFormat: FormatName
}

const FORMATS: Readonly<Record<FormatName, TraceFormat>> = {
  w3c,
  b3,
  'b3-single': b3Single,
  jaeger,
  ot,
  datadog,
  aws,
  gcp,
  instana,
}

/** What is written for one format that came in, or for none. */
interface Writing {
  readonly formats: readonly TraceFormat[]
  /** Places in TRACE_FIELDS of what these formats write anew. */
  readonly replaces: readonly number[]
  readonly hasW3c: boolean
}

export class Propagation {
  readonly #readers: readonly TraceFormat[]
  readonly #clear: readonly string[]
  /** By what came in; the usual one where nothing did. */
  readonly #writings: ReadonlyMap<FormatName, Writing>
  readonly #usual: Writing
  readonly #fields: TraceFields
  readonly #incoming: Incoming

  constructor(settings: PropagationSettings) {
    this.#readers = settings.extract.map((name) => FORMATS[name])
    // Throws RangeError for what is no field name.
    this.#clear = settings.clear.map((name) => new FieldName(name).lower)
    this.#writings = new Map(FORMAT_NAMES.map((name) => [name, makeWriting(settings, name)]))
    this.#usual = makeWriting(settings, null)
    this.#fields = new TraceFields()
    this.#incoming = new Incoming()
  }

  /**
   * What the client has sent, also where a plugin has taken it out or put something in its place since: so it answers
   * the same in each step. The answer is lent until the next call.
   */
  extract(head: Head): TraceContext | null {
    if (!this.#fields.find(head)) return null
    const incoming = this.#incoming
    for (let i = 0; i < this.#readers.length; i++)
      if (this.#readers[i]!.read(head, this.#fields, incoming)) return incoming
    return null
  }

  /**
   * Takes out what `clear` names, and writes `ids` in place of what the client has sent in the same formats.
   * `incoming`: what `extract` answered, called for this head and no other since.
   */
  inject(head: Head, ids: SpanIds, incoming: TraceContext | null): void {
    const writing = incoming === null ? this.#usual : this.#writings.get(incoming.format)!
    for (let i = 0; i < this.#clear.length; i++) removeField(head, this.#clear[i]!)
    if (this.#fields.found !== 0 || head.added.length !== 0) {
      for (let i = 0; i < writing.replaces.length; i++) this.#remove(head, writing.replaces[i]!)
      if (writing.hasW3c && !keepsState(head, ids, incoming)) this.#remove(head, TRACESTATE)
    }
    const debug = incoming?.debug ?? false
    for (let i = 0; i < writing.formats.length; i++) writing.formats[i]!.write(head, ids, debug)
  }

  /** Most are not there. */
  #remove(head: Head, field: number): void {
    if (this.#fields.wasSent(field) || head.added.length !== 0) removeField(head, TRACE_FIELDS[field]!)
  }
}

function makeWriting(settings: PropagationSettings, incoming: FormatName | null): Writing {
  const names = settings.inject.map((name) =>
    name === 'preserve' ? (incoming ?? settings.defaultFormat) : name,
  )
  const formats = [...new Set(names)].map((name) => FORMATS[name])
  return {
    formats,
    replaces: [...new Set(formats.flatMap((format) => format.fields))],
    hasW3c: names.includes('w3c'),
  }
}

/** The state belongs to the traceparent it came with. */
function keepsState(head: Head, ids: SpanIds, incoming: TraceContext | null): boolean {
  if (incoming === null || incoming.format !== 'w3c' || incoming.traceId === null) return false
  for (let i = 0; i < 16; i++) if (incoming.traceId[i] !== ids.traceId[i]) return false
  return isTracestateValid(head)
}
