/** gates — the bounds of bench/gates.json, checked when they are read: a bound that is misspelt would hold forever. */
import { isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import { type Against, boundsAgainst } from './bounds.ts'

export interface Gates {
  /** Whom the bounds are for. */
  readonly subject: string
  readonly reference: Side
  readonly base: Side
}

export interface Side {
  /** The subject that ratios are to. */
  readonly subject: string
  /** By scenario, then by the name of a bound. */
  readonly bounds: ReadonlyMap<string, ReadonlyMap<string, number>>
}

export interface GatesFile {
  /** For the errors. */
  readonly path: string
  readonly text: string
  /** Names that a scenario may have. */
  readonly scenarios: readonly string[]
}

/** Throws one error with a line for each thing that is wrong: `bench/gates.json:12: …`. */
export function readGates(file: GatesFile): Gates {
  const reader = new Reader(file)
  const gates = reader.gates()
  if (reader.errors.length > 0) throw new Error(reader.errors.join('\n'))
  return gates
}

type Fields = ReadonlyMap<string, unknown>

class Reader {
  readonly errors: string[] = []
  readonly #file: GatesFile
  readonly #lines = new LineCounter()

  constructor(file: GatesFile) {
    this.#file = file
  }

  /** JSON is YAML, and the parser of YAML tells lines and names given twice. */
  gates(): Gates {
    const document = parseDocument(this.#file.text, { lineCounter: this.#lines })
    for (const error of document.errors) this.#at(error.pos[0], error.message.split(/ at line |\n/, 1)[0]!)
    if (document.contents === null) this.#at(0, 'the file is empty')
    const fields = this.#fields(document.contents, 'the file', ['subject', 'reference', 'base'])
    return {
      subject: this.#name(fields, 'subject', document.contents),
      reference: this.#side(fields, 'reference', document.contents),
      base: this.#side(fields, 'base', document.contents),
    }
  }

  #side(fields: Fields, against: Against, parent: Node | null): Side {
    const node = this.#field(fields, against, parent)
    const inside = this.#fields(node, against, ['subject', 'bounds'])
    const scenarios = this.#field(inside, 'bounds', node)
    const bounds = new Map<string, ReadonlyMap<string, number>>()
    for (const [scenario, value] of this.#fields(scenarios, `${against}.bounds`, this.#file.scenarios))
      bounds.set(scenario, this.#bounds(value, `${against}.bounds.${scenario}`, against))
    return { subject: this.#name(inside, 'subject', node), bounds }
  }

  #bounds(node: unknown, path: string, against: Against): ReadonlyMap<string, number> {
    const known = boundsAgainst(against).map((bound) => bound.name)
    const limits = new Map<string, number>()
    for (const [name, value] of this.#fields(node, path, known)) {
      const limit = isScalar(value) ? value.value : null
      if (typeof limit === 'number' && limit > 0 && Number.isFinite(limit)) limits.set(name, limit)
      else this.#wrong(value, `${path}.${name} must be a number above 0`)
    }
    return limits
  }

  /** The fields of a map; what is no map, and names that are not known, are errors. */
  #fields(node: unknown, path: string, known: readonly string[]): Map<string, unknown> {
    const fields = new Map<string, unknown>()
    if (!isMap(node)) {
      if (node !== null) this.#wrong(node, `${path} must be an object`)
      return fields
    }
    for (const { key, value } of (node as YAMLMap).items) {
      const name = isScalar(key) ? String(key.value) : ''
      if (known.includes(name)) fields.set(name, value)
      else this.#wrong(key, `${path} knows no '${name}'; there are ${known.join(', ')}`)
    }
    return fields
  }

  #name(fields: Fields, name: string, parent: unknown): string {
    const node = this.#field(fields, name, parent)
    if (isScalar(node) && typeof node.value === 'string' && node.value !== '') return node.value
    if (node !== null) this.#wrong(node, `${name} must be the name of a subject`)
    return ''
  }

  #field(fields: Fields, name: string, parent: unknown): Node | null {
    const node = fields.get(name)
    if (node === undefined && parent !== null) this.#wrong(parent, `'${name}' is missing`)
    return (node as Node | undefined) ?? null // what a parsed document holds are nodes
  }

  #wrong(node: unknown, message: string): void {
    const range = (node as Node | null)?.range // as above
    this.#at(range?.[0] ?? 0, message)
  }

  #at(offset: number, message: string): void {
    const { line } = this.#lines.linePos(offset)
    this.errors.push(`${this.#file.path}:${Math.max(line, 1)}: ${message}`)
  }
}
