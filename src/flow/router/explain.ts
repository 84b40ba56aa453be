/** Tells an operator, route by route in order of precedence, why a request is or is not that route's. Cold. */
import type { Exchange } from '../../contract/exchange.ts'
import type { Route } from '../../contract/plan.ts'
import { checkMaker } from './build.ts'
import type { Check } from './check.ts'
import type { RouteInput, RouterFlavor } from './route-input.ts'
import { isSet, rankSubRoutes, type SubRoute, splitPort } from './sub-route.ts'
import { MethodSet } from './tables/method-set.ts'

export interface Explained {
  readonly route: Route
  /** True when the request has all that the route asks for; the first such row is the one that serves it. */
  readonly matched: boolean
  readonly reason: string
  /** 0 is the first to be asked. A route with several paths has a rank for each. */
  readonly rank: number
}

/** Throws as buildRouter does when a pattern is bad. */
export function explainRoutes(routes: readonly RouteInput[], flavor: RouterFlavor, x: Exchange): Explained[] {
  const makeCheck = checkMaker(flavor, new MethodSet(routes.flatMap(({ match }) => match.methods ?? [])))
  let winner = -1
  return rankSubRoutes(routes, flavor).map((sub, rank) => {
    const refused = refusalOf(sub, makeCheck(sub), x)
    if (refused === null && winner < 0) winner = rank
    const reason =
      refused ?? (winner === rank ? 'serves the request' : `fits too, but rank ${winner} goes before`)
    const asked = sub.path === null ? '' : `path ${sub.isRegex ? '~' : ''}${sub.path}: `
    return { route: sub.input.route, matched: refused === null, reason: asked + reason, rank }
  })
}

/** The first attribute that does not fit, or null. */
function refusalOf(sub: SubRoute, check: Check | null, x: Exchange): string | null {
  const { methods, hosts } = sub.input.match
  const head = x.request
  const method = head.bytes.latin1Slice(head.methodStart, head.methodEnd)
  if (isSet(methods) && !methods.includes(method))
    return `method ${method} is not among ${methods.join(', ')}`
  const host = head.bytes.latin1Slice(x.hostStart, x.hostEnd).toLowerCase()
  const port = x.hostPort || (x.client?.scheme === 'https' ? 443 : 80)
  if (isSet(hosts) && !hosts.some((one) => takesHost(one.toLowerCase(), host, port)))
    return `host ${host || '(none)'} port ${port} is not among ${hosts.join(', ')}`
  const wrong = check?.headers.find((header) => !header.passes(head))
  if (wrong !== undefined) return `header ${wrong.name} has none of the values asked for`
  if (check !== null && check.sni !== null && !check.sni.passes(x))
    return `SNI ${x.client?.sni || '(none)'} is not among ${sub.input.match.snis?.join(', ')}`
  const path = x.pathBytes.latin1Slice(x.pathStart, x.pathEnd)
  const fits =
    check !== null && check.regex !== null
      ? check.regex.matchStart(x.pathBytes, x.pathStart, x.pathEnd, '') >= 0
      : path.startsWith(sub.path ?? '')
  return fits ? null : `the path ${path} does not ${sub.isRegex ? 'match it' : 'begin with it'}`
}

function takesHost(pattern: string, host: string, port: number): boolean {
  const asked = splitPort(pattern)
  if (host === '' || (asked.port !== 0 && asked.port !== port)) return false
  if (asked.name.startsWith('*')) return host.endsWith(asked.name.slice(1))
  if (asked.name.endsWith('*')) return host.startsWith(asked.name.slice(0, -1))
  return host === asked.name
}
