/**
 * Plugin configurations sorted by what they are bound to, so that a route's chain is built from its few and not by
 * looking at all of them, and what a consumer and its groups have of their own is at hand when it asks.
 */
import type { ConsumerOverrides, Link } from '../../contract/plan.ts'
import type { Handler } from '../../contract/plugin.ts'
import { OverridesTable } from './overrides.ts'
import { type Binding, ROW_ROUTE_SERVICE, rowOf } from './precedence.ts'

/** What consumers' and groups' configurations of one plugin at one place amount to, for the chains they may change. */
export interface Ask {
  readonly priority: number
  requestBodyMax: number
  responseBodyMax: number
}

/** The configurations bound to one route, to one service, or to neither. */
export class Place {
  /** Without a consumer. A link is made once and stands in all the chains it is part of. */
  readonly plain: Link[] = []
  /** By plugin: some consumer or group has one here. */
  readonly consumers = new Map<string, Ask>()
}

export class Bindings {
  readonly everywhere = new Place()
  readonly starters: Handler[] = []
  readonly #startKeys = new Set<string>()
  readonly #routes = new Map<string, Place>()
  readonly #services = new Map<string, Place>()
  readonly #overrides = new OverridesTable()

  /** A binding to route and service counts as one to the route: give only those whose route has that service. */
  add(binding: Binding): void {
    this.#addStarter(binding.handler)
    const place = this.#placeOf(binding)
    if (binding.consumerId === null && binding.groupId === null) {
      place.plain.push(linkOf(binding))
      return
    }
    this.#ask(place, binding)
    this.#overrides.add(binding)
  }

  ofRoute(id: string): Place {
    return this.#routes.get(id) ?? NOWHERE
  }

  ofService(id: string): Place {
    return this.#services.get(id) ?? NOWHERE
  }

  /** Null for a consumer without a configuration of its own or of its groups, which come in the order that counts. */
  ofConsumer(id: string, groupIds: readonly string[]): ReadonlyMap<string, ConsumerOverrides> | null {
    return this.#overrides.of(id, groupIds)
  }

  /** All of them run for each request, so a configuration that a thousand routes have is to be asked once. */
  #addStarter(handler: Handler): void {
    if (handler.onStart === undefined) return
    const key = handler.startKey
    if (key !== undefined && this.#startKeys.has(key)) return
    if (key !== undefined) this.#startKeys.add(key)
    this.starters.push(handler)
  }

  #placeOf(binding: Binding): Place {
    if (binding.routeId !== null) return grow(this.#routes, binding.routeId, () => new Place())
    if (binding.serviceId !== null) return grow(this.#services, binding.serviceId, () => new Place())
    return this.everywhere
  }

  #ask(place: Place, { plugin, priority, handler }: Binding): void {
    const ask = grow(place.consumers, plugin, () => ({ priority, requestBodyMax: 0, responseBodyMax: 0 }))
    ask.requestBodyMax = Math.max(ask.requestBodyMax, handler.requestBodyMax ?? 0)
    ask.responseBodyMax = Math.max(ask.responseBodyMax, handler.responseBodyMax ?? 0)
  }
}

/** Of a route or service that has no configuration of its own. */
export const NOWHERE = new Place()

function linkOf(binding: Binding): Link {
  return Object.freeze({
    plugin: binding.plugin,
    priority: binding.priority,
    handler: binding.handler,
    outranksConsumer: rowOf(binding) === ROW_ROUTE_SERVICE,
    origin: binding.origin,
  })
}

/** The value under `key`, made on first use. */
function grow<V>(map: Map<string, V>, key: string, make: () => V): V {
  let found = map.get(key)
  if (found === undefined) {
    found = make()
    map.set(key, found)
  }
  return found
}
