/**
 * Which trailer fields of a request go on: those that a Trailer field announced and that cannot change what the head
 * said (RFC 9110 §6.5.1). All others are dropped.
 */
import { getFields } from '../../src/http1/fields.ts'
import { DROPPED, type Head, STRIDE } from '../../src/http1/head.ts'

/** Framing, routing, authentication, content and caching fields have no business in a trailer. */
const FORBIDDEN = new Set([
  'transfer-encoding',
  'content-length',
  'host',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'cache-control',
  'max-forwards',
  'pragma',
  'range',
  'authorization',
  'proxy-authorization',
  'proxy-authenticate',
  'www-authenticate',
  'cookie',
  'set-cookie',
  'content-encoding',
  'content-type',
  'content-range',
  'age',
  'date',
  'expires',
  'location',
  'retry-after',
  'vary',
  'via',
  'forwarded',
  'proxy',
  'proxy-connection',
  'x-real-ip',
])

/** What the gateway tells targets of a request: of a client it is never believed, in whatever place it says it. */
const OURS = ['x-forwarded-', 'x-consumer-', 'x-credential-', 'x-anonymous-', 'x-authenticated-', 'x-kong-']

export function keepAnnounced(trailers: Head, head: Head, isAnnounced: boolean): void {
  const announced = isAnnounced ? namesIn(getFields(head, 'trailer')) : new Set<string>()
  let kept = 0
  for (let row = 0; row < trailers.count; row++) {
    const name = trailers.nameAt(row).toLowerCase()
    if (announced.has(name) && mayGoOn(name)) kept++
    else trailers.spans[row * STRIDE + 4] = DROPPED
  }
  if (kept === 0) trailers.count = 0
}

function mayGoOn(name: string): boolean {
  // To CGI, WSGI and their like `X_Real_IP` and `X-Real-IP` are one.
  const dashed = name.replaceAll('_', '-')
  return !FORBIDDEN.has(dashed) && !OURS.some((start) => dashed.startsWith(start))
}

function namesIn(values: readonly string[]): Set<string> {
  return new Set(values.flatMap((value) => value.split(',')).map((name) => name.trim().toLowerCase()))
}
