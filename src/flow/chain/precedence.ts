/**
 * precedence — which one of a plugin's configurations applies to a request: exactly one, and nothing is merged.
 *
 * WHAT    Most specific first, as Kong's users know it:
 *
 *           1 route + service + consumer     5 route + group        8 consumer    10 route
 *           2 route + service + group        6 service + group      9 group       11 service
 *           3 route + consumer               7 route + service                    12 global
 *           4 service + consumer
 *
 *         A group is a consumer group; of several that a consumer is in, the first by name. Rows 7 and 10 to 12 are
 *         known when the plan is built and stand in the link; the others hang on who asks and stand in the consumer's
 *         overrides.
 *
 * HOT     `handlerFor` runs once a link in chains that a consumer can change. No allocation: a binding to route
 *         and service is kept under its route alone, since a route has one service.
 */
import type { Chain, Consumer, Link } from '../../contract/plan.ts'
import type { Handler } from '../../contract/plugin.ts'

/** One enabled configuration of one plugin, built, and what it is bound to. */
export interface Binding {
  readonly plugin: string
  readonly priority: number
  readonly routeId: string | null
  readonly serviceId: string | null
  readonly consumerId: string | null
  /** Of a consumer group; not together with a consumer. */
  readonly groupId: string | null
  readonly handler: Handler
  /** For people: 'global', 'service orders', 'route orders-api'. */
  readonly origin: string
}

export const ROW_ROUTE_SERVICE = 7

/** ROWS[bits]: 1 route, 2 service, 4 consumer, 8 group. */
const ROWS = [12, 10, 11, ROW_ROUTE_SERVICE, 8, 3, 4, 1, 9, 5, 6, 2] as const

export type Scope = Pick<Binding, 'routeId' | 'serviceId' | 'consumerId' | 'groupId'>

/** The binding's row in the table above: the lowest one that applies wins. */
export function rowOf(binding: Scope): number {
  const route = binding.routeId === null ? 0 : 1
  const service = binding.serviceId === null ? 0 : 2
  const consumer = binding.consumerId === null ? 0 : 4
  const group = binding.groupId === null || consumer !== 0 ? 0 : 8
  return ROWS[route | service | consumer | group]!
}

/** The handler that serves this link for this consumer, or null when the plugin has none for it. */
export function handlerFor(link: Link, chain: Chain, consumer: Consumer | null): Handler | null {
  if (consumer === null || consumer.overrides === null) return link.handler
  const own = consumer.overrides.get(link.plugin)
  if (own === undefined) return link.handler
  let found = own.byRouteAndService.get(chain.routeId)
  if (found !== undefined) return found
  found = own.byRoute.get(chain.routeId)
  if (found !== undefined) return found
  found = own.byService.get(chain.serviceId)
  if (found !== undefined) return found
  found = own.byGroupAndRoute.get(chain.routeId)
  if (found !== undefined) return found
  found = own.byGroupAndService.get(chain.serviceId)
  if (found !== undefined) return found
  if (link.outranksConsumer || own.alone === null) return link.handler
  return own.alone
}
