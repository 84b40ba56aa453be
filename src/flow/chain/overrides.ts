/**
 * overrides — what consumers and consumer groups have of their own, put together for each consumer.
 *
 * A consumer without a configuration of its own shares what its groups amount to with all others in the same groups:
 * a hundred thousand consumers of one group cost one table.
 */
import type { ConsumerOverrides } from '../../contract/plan.ts'
import type { Handler } from '../../contract/plugin.ts'
import type { Binding } from './precedence.ts'

interface Overrides extends ConsumerOverrides {
  readonly byRouteAndService: Map<string, Handler>
  readonly byRoute: Map<string, Handler>
  readonly byService: Map<string, Handler>
  readonly byGroupAndRoute: Map<string, Handler>
  readonly byGroupAndService: Map<string, Handler>
  alone: Handler | null
}

/** By plugin. */
type Own = Map<string, Overrides>

export class OverridesTable {
  readonly #consumers = new Map<string, Own>()
  readonly #groups = new Map<string, Own>()
  /** By the ids of the groups, in order. */
  readonly #ofGroups = new Map<string, Own | null>()

  /** One that is bound to a consumer or to a group. */
  add(binding: Binding): void {
    const { consumerId, groupId, routeId, serviceId, handler } = binding
    const isGroup = consumerId === null
    const all = isGroup ? this.#groups : this.#consumers
    const who = isGroup ? (groupId ?? '') : consumerId
    const own = ownOf(all, who, binding.plugin)
    if (routeId !== null && serviceId !== null) own.byRouteAndService.set(routeId, handler)
    else if (routeId !== null) (isGroup ? own.byGroupAndRoute : own.byRoute).set(routeId, handler)
    else if (serviceId !== null) (isGroup ? own.byGroupAndService : own.byService).set(serviceId, handler)
    else own.alone = handler
  }

  /** Null for a consumer that has none, nor any of its groups. `groupIds` in the order of their precedence. */
  of(consumerId: string, groupIds: readonly string[]): ReadonlyMap<string, ConsumerOverrides> | null {
    const own = this.#consumers.get(consumerId)
    const theirs = this.#ofAll(groupIds)
    if (own === undefined) return theirs
    return theirs === null ? own : merge([own, theirs])
  }

  #ofAll(groupIds: readonly string[]): Own | null {
    const key = groupIds.join()
    let found = this.#ofGroups.get(key)
    if (found === undefined) {
      const present = groupIds.flatMap((id) => this.#groups.get(id) ?? [])
      found = present.length === 0 ? null : merge(present)
      this.#ofGroups.set(key, found)
    }
    return found
  }
}

function ownOf(all: Map<string, Own>, who: string, plugin: string): Overrides {
  let plugins = all.get(who)
  if (plugins === undefined) {
    plugins = new Map()
    all.set(who, plugins)
  }
  let own = plugins.get(plugin)
  if (own === undefined) {
    own = noOverrides()
    plugins.set(plugin, own)
  }
  return own
}

function noOverrides(): Overrides {
  return {
    byRouteAndService: new Map(),
    byRoute: new Map(),
    byService: new Map(),
    byGroupAndRoute: new Map(),
    byGroupAndService: new Map(),
    alone: null,
  }
}

/** At each place the first that has something there. What only one part has is shared with it, not copied. */
function merge(parts: readonly Own[]): Own {
  const merged: Own = new Map()
  for (const part of parts) {
    for (const [plugin, theirs] of part) {
      const own = merged.get(plugin)
      merged.set(plugin, own === undefined ? theirs : join(own, theirs))
    }
  }
  return merged
}

function join(own: Overrides, theirs: Overrides): Overrides {
  return {
    byRouteAndService: joinMaps(own.byRouteAndService, theirs.byRouteAndService),
    byRoute: joinMaps(own.byRoute, theirs.byRoute),
    byService: joinMaps(own.byService, theirs.byService),
    byGroupAndRoute: joinMaps(own.byGroupAndRoute, theirs.byGroupAndRoute),
    byGroupAndService: joinMaps(own.byGroupAndService, theirs.byGroupAndService),
    alone: own.alone ?? theirs.alone,
  }
}

function joinMaps(own: Map<string, Handler>, theirs: Map<string, Handler>): Map<string, Handler> {
  if (own.size === 0) return theirs
  return theirs.size === 0 ? own : new Map([...theirs, ...own])
}
