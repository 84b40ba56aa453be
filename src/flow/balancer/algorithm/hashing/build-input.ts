/** build-input — where an upstream's hash comes from: the part of the request that its fields name. */
import type { BuildTools } from '../../../../contract/build.ts'
import type { BalancerUpstream } from '../../upstream-input.ts'
import { CookieInput } from './hash-cookie.ts'
import {
  CaptureInput,
  ConsumerInput,
  type HashInput,
  HeaderInput,
  IpInput,
  NoInput,
  PathInput,
} from './hash-input.ts'
import { QueryInput } from './hash-query.ts'

export function primaryInput(upstream: BalancerUpstream, tools: BuildTools): HashInput {
  return makeInput(upstream, tools, {
    kind: upstream.hash_on,
    header: upstream.hash_on_header,
    query: upstream.hash_on_query_arg,
    capture: upstream.hash_on_uri_capture,
  })
}

export function fallbackInput(upstream: BalancerUpstream, tools: BuildTools): HashInput {
  return makeInput(upstream, tools, {
    kind: upstream.hash_fallback,
    header: upstream.hash_fallback_header,
    query: upstream.hash_fallback_query_arg,
    capture: upstream.hash_fallback_uri_capture,
  })
}

interface InputNames {
  readonly kind: string
  readonly header: string | null
  readonly query: string | null
  readonly capture: string | null
}

/** A kind whose name is missing can't come from a checked configuration; it then has no value. */
function makeInput(upstream: BalancerUpstream, tools: BuildTools, names: InputNames): HashInput {
  const cookie = upstream.hash_on_cookie
  const random = (count: number) => tools.host.random(count)
  if (names.kind === 'consumer') return new ConsumerInput()
  if (names.kind === 'ip') return new IpInput()
  if (names.kind === 'path') return new PathInput()
  if (names.kind === 'header' && names.header !== null) return new HeaderInput(names.header)
  if (names.kind === 'query_arg' && names.query !== null) return new QueryInput(names.query)
  if (names.kind === 'uri_capture' && names.capture !== null) return new CaptureInput(names.capture)
  if (names.kind === 'cookie' && cookie !== null)
    return new CookieInput(cookie, upstream.hash_on_cookie_path, random)
  return new NoInput()
}
