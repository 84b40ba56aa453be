/**
 * The reviewed list of what an engine may do differently, with the reason. docs/conformance.md shows the same reasons.
 *
 * A listed case still runs. It may fail, but the gateway must live on, and what is to be refused must not be forwarded.
 */
import type { Engine } from '../kit/gateway.ts'

export interface Difference {
  readonly engine: Engine
  /** Matches the names of the cases. */
  readonly cases: RegExp
  readonly reason: string
  /** Nothing of the request may reach the target, however it is refused. */
  readonly forwardsNothing: boolean
}

function uws(cases: RegExp, reason: string, forwardsNothing = false): Difference {
  return { engine: 'uws', cases, reason, forwardsNothing }
}

export const allowed: readonly Difference[] = [
  uws(
    /^a field without name is refused/,
    'uWebSockets.js takes a field without name for the end of the head.',
    // It is served without that field and what stands behind it: smuggling, "… one clean request at most".
  ),
  uws(
    /(is|are) refused with (400|505) and closed|is refused with 400, closed and never forwarded|^a head that ends in|^Transfer-Encoding in HTTP\/1\.0 is refused/,
    'uWebSockets.js refuses a malformed head by closing, or waits in silence until its idle time is over.',
    true,
  ),
  uws(
    /in a chunked body breaks the request off|^chunks are decoded and framed anew, extensions dropped|in chunks with extensions may come/,
    'uWebSockets.js has a chunk reader of its own: extensions and trailers end the request without an answer.',
  ),
  uws(
    /HTTP\/1\.0|tells the client’s version|always spoken to in HTTP\/1\.1/,
    'uWebSockets.js does not speak HTTP/1.0.',
  ),
  uws(/absolute-form|"OPTIONS \*"|^CONNECT is refused/, 'uWebSockets.js answers origin-form only.', true),
  uws(
    /^PURGE is proxied|^x-Own\.method! is proxied|^LOCK is not sent twice/,
    'uWebSockets.js closes on a method that is not in its list: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE.',
    true,
  ),
  uws(
    /goes on with its ends$/,
    'uWebSockets.js takes bytes above ASCII at either end of a value for white space, and cuts them off.',
  ),
  uws(/^names go on in the case/, 'uWebSockets.js hands over names of fields in lower case only.'),
  uws(
    /is a name like any other$|^names that only look like framing fields/,
    'uWebSockets.js takes names of letters, digits and hyphens only.',
    true,
  ),
  uws(
    /pipelined|closes its side/,
    'uWebSockets.js closes a connection whose second request, or whose end, comes before the first answer.',
  ),
  uws(/^empty lines before a request line/, 'uWebSockets.js takes an empty line for a bad request.'),
  uws(/trailers|103 Early Hints/, 'uWebSockets.js has neither trailers nor interim answers.'),
  uws(
    /^the head of an answer does not wait for its body|^the head of a stream reaches the client before/,
    'uWebSockets.js sends the head of a chunked answer with the first bytes of its body.',
  ),
  uws(
    /"Expect: 100-continue" is answered|client that expects 100 gets 413/,
    'uWebSockets.js answers 100 by itself, before anybody is asked.',
  ),
  uws(
    /408|drips for longer|idle connection is closed|never sends a byte|last of keepalive_requests/,
    'uWebSockets.js has times of its own for heads and idle connections, ten seconds, and no count of requests.',
  ),
  uws(
    /request line that never ends|too many fields|method that never ends|refusal is read in full/,
    'uWebSockets.js closes, or answers with a status of its own, when its head buffer is full.',
    true,
  ),
  uws(
    /^nothing of the kind where PROXY is due|^a PROXY v2 block on a listener without the flag/,
    'uWebSockets.js skips a PROXY block it was not told of, and serves without one it was told of.',
    // It is served in the name of the peer: listeners, "whatever is made of …, it names no client".
  ),
  uws(
    /^version 1 |^"PROXY UNKNOWN"|where PROXY is due|^a PROXY line/,
    'uWebSockets.js reads version 2 of the PROXY protocol only.',
    true,
  ),
]

/** What `engine` may do differently in this case, or null. */
export function allowedDifference(engine: Engine, name: string): Difference | null {
  return allowed.find((row) => row.engine === engine && row.cases.test(name)) ?? null
}
