/** Ids: those written, those Kong derives from names so that they survive reloads, and those of what has no name. */
import { createHash } from 'node:crypto'
import type { Value } from '../../../contract/schema.ts'
import { isRecord, isUuid } from '../../validate.ts'
import { type EntityDefinition, foreignFields } from '../schema/entity.ts'
import type { Draft } from './draft.ts'

/** The namespace of Kong's declarative ids. */
const ROOT = 'fd02801f-0957-4a15-a55a-c8d9606f30b5'

const namespaces = new Map<string, Buffer>()

/** Entities without secrets: what is written in them is as good as a name. */
const KNOWN_BY_CONTENT = new Set(['services', 'routes', 'consumers'])

/** Ids of all drafts; parents come before their children, whose ids may build on theirs. */
export function identify(drafts: readonly Draft[]): void {
  const seen = new Map<string, number>()
  for (const draft of drafts) {
    const written = draft.raw['id'] ?? null
    if (draft.parent !== null && draft.parentField !== null) draft.raw[draft.parentField] = draft.parent.id
    if (typeof written === 'string' && isUuid(written)) {
      draft.id = written.toLowerCase()
    } else {
      const key = written === null ? stableKey(draft) : null
      draft.derived = key !== null
      draft.id = uuidV5(namespaceOf(draft.definition.name), key ?? placeKey(draft, seen))
    }
    // One that is no UUID stays, to be complained about.
    if (written === null || typeof written === 'string')
      draft.raw['id'] = isBadId(written) ? written : draft.id
  }
}

function isBadId(written: string | null): written is string {
  return written !== null && !isUuid(written)
}

/**
 * Kong takes a random id here. Counters of limits go by ids, and must be the same after a reload and on all machines
 * that have this file: it is the content and, among equals, the place in the file.
 */
function placeKey({ definition, parent, raw }: Draft, seen: Map<string, number>): string {
  const references = [...foreignFields(definition).keys()].map((field) => referenceText(raw[field]))
  const content = KNOWN_BY_CONTENT.has(definition.name) ? JSON.stringify({ ...raw, id: null }) : ''
  const key = [definition.name, '?', parent?.id ?? '', ...references, content].join(':')
  const place = seen.get(key) ?? 0
  seen.set(key, place + 1)
  return `${key}:${place}`
}

/** The text Kong hashes, or null where it takes a random id. */
function stableKey(draft: Draft): string | null {
  const { definition, raw } = draft
  if (definition.idFields === null) return null
  const alone = definition.idFields.length === 1 && !isCredential(definition)
  const foreign = foreignFields(definition)
  const parts: string[] = []
  for (const field of definition.idFields) {
    const text = foreign.has(field) ? referenceText(raw[field]) : raw[field]
    if (typeof text !== 'string' || (text === '' && !foreign.has(field))) return null
    // Kong has no groups in its key; without one the key is Kong's.
    if (field === 'consumer_group' && definition.name === 'plugins' && text === '') continue
    parts.push(text)
  }
  return alone ? parts[0]! : `${definition.name}:*:${parts.join(':')}`
}

function isCredential(definition: EntityDefinition): boolean {
  return definition.name.endsWith('_credentials')
}

/** A reference as written: an id, or whatever name stands for it. */
export function referenceText(value: Value | undefined): string {
  if (typeof value === 'string') return value
  if (!isRecord(value)) return ''
  for (const key of ['id', 'name', 'username', 'prefix', 'instance_name']) {
    const part = value[key]
    if (typeof part === 'string') return part
  }
  return ''
}

function namespaceOf(entity: string): Buffer {
  let namespace = namespaces.get(entity)
  if (namespace === undefined) {
    namespace = bytesOf(uuidV5(bytesOf(ROOT), entity))
    namespaces.set(entity, namespace)
  }
  return namespace
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

/** RFC 9562 §5.5 */
export function uuidV5(namespace: Uint8Array, name: string): string {
  const bytes = createHash('sha1').update(namespace).update(name).digest()
  bytes[6] = (bytes[6]! & 0x0f) | 0x50
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** The most that a byte can be while every character stays equally likely. */
const FAIR = 256 - (256 % ALPHANUMERIC.length)

/** 32 random letters and digits, as Kong makes for keys and secrets. */
export function randomText(random: (count: number) => Uint8Array): string {
  let text = ''
  for (let tries = 0; text.length < 32 && tries < 100; tries++) {
    for (const byte of random(48)) {
      if (byte < FAIR && text.length < 32) text += ALPHANUMERIC[byte % ALPHANUMERIC.length]
    }
  }
  return text
}
