/** Rules over several entities, and over time. */
import type { Value } from '../../../contract/schema.ts'
import { warning } from '../../problems.ts'
import { isUuid } from '../../validate.ts'
import type { Draft, Findings } from './draft.ts'

/** A plugin must speak a protocol of what it is bound to, or it would never run. */
export function checkPluginProtocols(drafts: readonly Draft[], findings: Findings): void {
  const routes = new Map<string, Value>()
  const ofService = new Map<string, Value[]>()
  for (const { definition, entity, id } of drafts) {
    if (definition.name !== 'routes') continue
    routes.set(id, entity['protocols'] ?? null)
    const service = entity['service']
    if (typeof service !== 'string') continue
    const others = ofService.get(service)
    if (others === undefined) ofService.set(service, [entity['protocols'] ?? null])
    else others.push(entity['protocols'] ?? null)
  }
  for (const draft of drafts) {
    if (draft.definition.name !== 'plugins') continue
    const { route, service, protocols } = draft.entity
    const said = mismatch(protocols ?? null, routes.get(String(route)), ofService.get(String(service)), route)
    if (said !== null) findings.say([...draft.path, 'protocols'], said)
  }
}

function mismatch(
  protocols: Value,
  ofRoute: Value | undefined,
  ofRoutes: readonly Value[] | undefined,
  route: Value | undefined,
): string | null {
  if (ofRoute !== undefined) {
    return share(protocols, ofRoute) ? null : "must match the associated route's protocols"
  }
  if (typeof route === 'string' || ofRoutes === undefined) return null
  if (ofRoutes.some((each) => share(protocols, each))) return null
  return "must match the protocols of at least one route pointing to this Plugin's service"
}

function share(these: Value, those: Value): boolean {
  // What is no list has been complained about.
  if (!Array.isArray(these) || !Array.isArray(those)) return true
  return these.some((each) => those.includes(each))
}

/** A fallback is another upstream, and following fallbacks ends somewhere. */
export function checkFallbacks(drafts: readonly Draft[], findings: Findings): void {
  const fallbacks = new Map<string, string | null>()
  for (const { definition, entity } of drafts)
    if (definition.name === 'upstreams' && typeof entity['name'] === 'string')
      fallbacks.set(entity['name'], typeof entity['fallback'] === 'string' ? entity['fallback'] : null)
  for (const { definition, entity, path } of drafts) {
    const { name, fallback } = entity
    if (definition.name !== 'upstreams' || typeof name !== 'string' || typeof fallback !== 'string') continue
    const said = fallbackProblem(name, fallback, fallbacks)
    if (said !== null) findings.say([...path, 'fallback'], said)
  }
}

function fallbackProblem(
  name: string,
  fallback: string,
  fallbacks: ReadonlyMap<string, string | null>,
): string | null {
  if (!fallbacks.has(fallback)) return `no upstream has the name '${fallback}'`
  const way = [name]
  let next: string | null | undefined = fallback
  while (typeof next === 'string' && !way.includes(next)) {
    way.push(next)
    next = fallbacks.get(next)
  }
  // A ring further on is said where it is.
  return next === name ? `fallbacks form a ring: ${[...way, name].join(' -> ')}` : null
}

/** Who may sign for the targets of a service: an id that is nobody's would trust nobody. */
export function checkAuthorities(drafts: readonly Draft[], findings: Findings): void {
  const known = new Set(
    drafts.flatMap(({ definition, id }) => (definition.name === 'ca_certificates' ? [id.toLowerCase()] : [])),
  )
  for (const { definition, entity, path } of drafts) {
    const ids = entity['ca_certificates']
    if (definition.name !== 'services' || !Array.isArray(ids)) continue
    ids.forEach((id, at) => {
      // What is no id has been complained of.
      if (typeof id !== 'string' || !isUuid(id) || known.has(id.toLowerCase())) return
      findings.say([...path, 'ca_certificates', at], `no CA certificate has the id '${id}'`)
    })
  }
}

/** Kong serves streams of UDP; here such a route would wait for ever. */
export function checkUdp(drafts: readonly Draft[], findings: Findings): void {
  for (const { definition, entity, path } of drafts) {
    const { protocols } = entity
    if (definition.name !== 'routes' || !Array.isArray(protocols) || !protocols.includes('udp')) continue
    findings.add(warning([...path, 'protocols'], 'streams of UDP are not served'))
  }
}

/** A `ttl` counts from `created_at`; where the file has none, that is the time of loading, each time anew. */
export function checkLifetimes(drafts: readonly Draft[], findings: Findings): void {
  for (const { raw, entity, path } of drafts) {
    const { ttl } = entity
    if (typeof ttl !== 'number' || ttl <= 0 || (raw['created_at'] ?? null) !== null) continue
    findings.add(warning([...path, 'ttl'], 'counts anew from each reload: the entity has no created_at'))
  }
}
