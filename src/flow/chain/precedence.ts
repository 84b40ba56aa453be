/**
 * precedence — which one of a plugin's configurations applies to a request: exactly one, and nothing is merged.
 *
 * WHAT    Most specific first, as Kong's users know it:
 *
 *           1 route + service + consumer     4 route + service     6 route
 *           2 route + consumer               5 consumer            7 service
 *           3 service + consumer                                   8 global
 *
 *         Rows 4, 6, 7 and 8 are known when the plan is built and stand in the link; rows 1, 2, 3 and 5 hang on
 *         who asks and stand in the consumer's overrides.
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
  readonly handler: Handler
  /** For people: 'global', 'service orders', 'route orders-api'. */
  readonly origin: string
}

export const ROW_ROUTE_SERVICE = 4

/** ROWS[bits]: 1 route, 2 service, 4 consumer. */
const ROWS = [8, 6, 7, ROW_ROUTE_SERVICE, 5, 2, 3, 1] as const

/** The binding's row in the table above: the lowest one that applies wins. */
export function rowOf(binding: Pick<Binding, 'routeId' | 'serviceId' | 'consumerId'>): number {
  const route = binding.routeId === null ? 0 : 1
  const service = binding.serviceId === null ? 0 : 2
  const consumer = binding.consumerId === null ? 0 : 4
  return ROWS[route | service | consumer]!
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
  if (link.outranksConsumer || own.alone === null) return link.handler
  return own.alone
}
