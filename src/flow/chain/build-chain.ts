/**
 * build-chain — makes the frozen Chain of each route, and the one of the global plugins for requests without a route.
 *
 * Most routes have no configuration of their own: all those of one service then share everything but their names,
 * which is what lets ten thousand routes be compiled in a blink.
 */
import type { Chain, ChainMarks, Link } from '../../contract/plan.ts'
import type { Handler } from '../../contract/plugin.ts'
import { type Bindings, NOWHERE, type Place } from './bindings.ts'
import { markOf } from './marks.ts'
import { byPriority } from './order.ts'

/** A chain but for what it belongs to. */
type Parts = Omit<Chain, 'routeId' | 'serviceId'>

export class ChainBuilder {
  readonly #bindings: Bindings
  readonly #ofServices = new Map<string, Parts>()

  constructor(bindings: Bindings) {
    this.#bindings = bindings
  }

  /** The chain of one route. `serviceId` is '' for a route without a service. */
  build(routeId: string, serviceId: string): Chain {
    return nameChain(this.#partsFor(routeId, serviceId), routeId, serviceId)
  }

  #partsFor(routeId: string, serviceId: string): Parts {
    const { everywhere } = this.#bindings
    const service = this.#bindings.ofService(serviceId)
    const route = this.#bindings.ofRoute(routeId)
    if (route !== NOWHERE) return makeParts([everywhere, service, route])
    const key = service === NOWHERE ? '' : serviceId
    let parts = this.#ofServices.get(key)
    if (parts === undefined) {
      parts = makeParts([everywhere, service])
      this.#ofServices.set(key, parts)
    }
    return parts
  }
}

/** Global plugins. Nobody is known where it runs, so no consumer can change it; its request steps never run. */
export function buildGlobalChain(bindings: Bindings): Chain {
  const links = bindings.everywhere.plain.toSorted(byPriority)
  const rewrite = withStep(links, 'onRewrite')
  const fixed = makeFixed(links)
  const marks = { ...fixed.marks, rewrite: marksOf(links, 'onRewrite'), request: NO_MARKS }
  const none = { request: NO_HANDLERS, requestBodyMax: 0, responseBodyMax: 0 }
  const parts = { ...fixed, rewrite, marks, ...none }
  return nameChain(parts, '', '')
}

const NO_HANDLERS: readonly Handler[] = Object.freeze([])
const NO_MARKS: readonly number[] = Object.freeze([])

/** `places` from the widest to the narrowest. */
function makeParts(places: readonly Place[]): Parts {
  const links: Link[] = []
  for (const place of places) for (const link of place.plain) keepNarrower(links, link)
  const fixed = !addConsumers(links, places)
  links.sort(byPriority)
  return {
    ...(fixed ? makeFixed(links) : makeChangeable(links)),
    requestBodyMax: bodyMax(links, places, 'requestBodyMax'),
    responseBodyMax: bodyMax(links, places, 'responseBodyMax'),
  }
}

/** Links come from the widest place to the narrowest; within a route's, one that names its service is narrower. */
function keepNarrower(links: Link[], link: Link): void {
  const at = indexOf(links, link.plugin)
  if (at < 0) links.push(link)
  else if (!links[at]!.outranksConsumer) links[at] = link
}

function indexOf(links: readonly Link[], plugin: string): number {
  for (let i = 0; i < links.length; i++) if (links[i]!.plugin === plugin) return i
  return -1
}

/** Adds links for plugins that only some consumers have; true when any consumer's configuration can win a link. */
function addConsumers(links: Link[], places: readonly Place[]): boolean {
  let changes = false
  for (let i = 0; i < places.length; i++) {
    for (const [plugin, { priority }] of places[i]!.consumers) {
      const held = links[indexOf(links, plugin)]
      if (held === undefined) links.push(consumersOnly(plugin, priority))
      // A consumer's configuration for everywhere (the first place) loses to one for route and service.
      if (i > 0 || held?.outranksConsumer !== true) changes = true
    }
  }
  return changes
}

function consumersOnly(plugin: string, priority: number): Link {
  return Object.freeze({ plugin, priority, handler: null, outranksConsumer: false, origin: 'consumers' })
}

type Shape = Omit<Parts, 'requestBodyMax' | 'responseBodyMax'>

/** Rewrite runs before there is a route, so only the global chain has it. */
function makeFixed(links: readonly Link[]): Shape {
  const request = withStep(links, 'onRequest')
  const response = withStep(links, 'onResponse')
  const log = withStep(links, 'onLog')
  const marks: ChainMarks = {
    links: links.map((link) => markOf(link.plugin)),
    rewrite: NO_MARKS,
    request: marksOf(links, 'onRequest'),
    response: marksOf(links, 'onResponse'),
    log: marksOf(links, 'onLog'),
  }
  return { links: Object.freeze(links), fixed: true, rewrite: NO_HANDLERS, request, response, log, marks }
}

function makeChangeable(links: readonly Link[]): Shape {
  const none = NO_HANDLERS
  return {
    links: Object.freeze(links),
    fixed: false,
    rewrite: none,
    request: none,
    response: none,
    log: none,
    marks: {
      links: links.map((link) => markOf(link.plugin)),
      rewrite: NO_MARKS,
      request: NO_MARKS,
      response: NO_MARKS,
      log: NO_MARKS,
    },
  }
}

type StepName = 'onRewrite' | 'onRequest' | 'onResponse' | 'onLog'

function withStep(links: readonly Link[], step: StepName): readonly Handler[] {
  const handlers: Handler[] = []
  for (const { handler } of links) if (handler !== null && handler[step] !== undefined) handlers.push(handler)
  return handlers.length === 0 ? NO_HANDLERS : Object.freeze(handlers)
}

/** As `withStep`, the numbers of the same plugins. */
function marksOf(links: readonly Link[], step: StepName): readonly number[] {
  return links.filter(({ handler }) => handler?.[step] !== undefined).map((link) => markOf(link.plugin))
}

/** The most any handler that may turn up in this chain asks for. */
function bodyMax(
  links: readonly Link[],
  places: readonly Place[],
  which: 'requestBodyMax' | 'responseBodyMax',
): number {
  let most = 0
  for (const { handler } of links) most = Math.max(most, handler?.[which] ?? 0)
  for (const { consumers } of places) for (const ask of consumers.values()) most = Math.max(most, ask[which])
  return most
}

/** All chains are made here, field by field in one order, so that the walk sees one shape. */
function nameChain(parts: Parts, routeId: string, serviceId: string): Chain {
  return Object.freeze({
    routeId,
    serviceId,
    links: parts.links,
    fixed: parts.fixed,
    rewrite: parts.rewrite,
    request: parts.request,
    response: parts.response,
    log: parts.log,
    marks: parts.marks,
    requestBodyMax: parts.requestBodyMax,
    responseBodyMax: parts.responseBodyMax,
  })
}
