/** `sluice explain`: which route a request would get and why, its plugins with their configuration, and its target. */
import { CidrSet } from '../../base/cidr.ts'
import { type Fault, faults, GatewayError } from '../../base/faults.ts'
import { Outbox } from '../../base/outbox.ts'
import type { Config, PluginEntity } from '../../config/model.ts'
import { compileBindings } from '../../config/plan/compile-bindings.ts'
import { Consumers } from '../../config/plan/compile-consumers.ts'
import { compileRoutes } from '../../config/plan/compile-routes.ts'
import { ServiceCompiler } from '../../config/plan/compile-services.ts'
import { Opened } from '../../config/plan/opened.ts'
import { formatProblem } from '../../config/problems.ts'
import type { BuildTools } from '../../contract/build.ts'
import type { Exchange } from '../../contract/exchange.ts'
import type { Chain, Route } from '../../contract/plan.ts'
import type { Address } from '../../contract/target.ts'
import { NameTable } from '../../flow/balancer/name-table.ts'
import { buildGlobalChain } from '../../flow/chain/build-chain.ts'
import { Admission } from '../../flow/listener/admit.ts'
import { checkProtocol } from '../../flow/listener/protocol.ts'
import { buildRouter } from '../../flow/router/build.ts'
import { explainRoutes } from '../../flow/router/explain.ts'
import type { RouteInput } from '../../flow/router/route-input.ts'
import { putUpstreamPath } from '../../flow/transport/upstream-path.ts'
import { loadSource, sourceOf } from '../sources/config-source.ts'
import { NameSource } from '../sources/name-source.ts'
import { PluginShelf } from '../sources/plugin-shelf.ts'
import { makeTrialTools } from '../sources/trial.ts'
import { EXIT_OK, EXIT_REFUSED } from './exit-codes.ts'
import { makeRequest } from './imagined-request.ts'
import { withoutSecrets } from './secrets/without-secrets.ts'
import { readSettings } from './settings.ts'

export interface ExplainFlags {
  readonly config?: string
  readonly header?: readonly string[]
}

/** Exits with 1 when no route matches. */
export async function explain(method: string, url: string, flags: ExplainFlags): Promise<number> {
  const { environment } = readSettings()
  const shelf = await PluginShelf.open(environment.pluginsDir)
  const { config, problems } = await loadSource(sourceOf(environment, flags.config), shelf)
  if (config === null) {
    for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
    throw new GatewayError(faults.CONFIG_INVALID, 'see above')
  }
  const x = makeRequest(method, url, flags.header ?? [])
  const settings = {
    trusted: new CidrSet(environment.trustedIps),
    realIpHeader: 'x-real-ip',
    realIpRecursive: false,
  }
  const refusal = new Admission(settings).admit(x)
  if (refusal !== faults.NONE) {
    say(`refused before routing: ${answerOf(refusal)}`)
    return EXIT_REFUSED
  }
  const names = new NameTable()
  const source = new NameSource(environment, () => {})
  await source.follow(config)
  for (const [name, answers] of source.entries()) names.update(name, answers)
  source.close()
  return describe(x, config, makeTrialTools(environment, shelf.plugins, names))
}

function describe(x: Exchange, config: Config, tools: BuildTools): number {
  const opened = new Opened(tools.host)
  try {
    const compiler = new ServiceCompiler(config, tools, opened)
    const services = compiler.compileAll()
    const consumers = new Consumers(config, tools.host.random)
    const bindings = compileBindings(config, tools, opened, {
      identities: consumers,
      detours: (scope, place) => compiler.compileDetours(scope, place),
    })
    const inputs = compileRoutes(config, tools, services, bindings)
    describeRoutes(x, inputs, tools)
    buildRouter(inputs, tools.routerFlavor).find(x)
    const route = x.route
    if (route === null) {
      say(`\nanswer: ${answerOf(faults.ROUTE_NOT_FOUND)}`)
      describeChain(buildGlobalChain(bindings), config, { route: null, tools })
      return EXIT_REFUSED
    }
    describeChain(route.chain, config, { route, tools })
    const refusal = checkProtocol(x)
    if (refusal === faults.NONE) describeTarget(x, route)
    else say(`\nanswer: ${answerOf(refusal)}`)
    return EXIT_OK
  } finally {
    opened.close()
  }
}

function describeRoutes(x: Exchange, inputs: readonly RouteInput[], tools: BuildTools): void {
  const rows = explainRoutes(inputs, tools.routerFlavor, x)
  say(`routes, in the order they are asked (${tools.routerFlavor})`)
  if (rows.length === 0) say('  the configuration has none')
  const winner = rows.findIndex((row) => row.matched)
  rows.forEach(({ route, reason }, at) => {
    say(`  ${at === winner ? '>' : ' '} ${route.name ?? route.id}: ${reason}`)
  })
}

interface Scene {
  readonly route: Route | null
  readonly tools: BuildTools
}

function describeChain(chain: Chain, config: Config, { route, tools }: Scene): void {
  say('\nplugins, in the order they run')
  if (chain.links.length === 0) say('    none')
  for (const link of chain.links) {
    say(`    ${link.plugin} (priority ${link.priority}), from ${link.origin}`)
    const entity = link.handler === null ? null : entityOf(config, link.plugin, route)
    const schema = tools.plugins.get(link.plugin)?.schema
    if (entity !== null && schema !== undefined)
      say(`        ${JSON.stringify(withoutSecrets(entity.config, schema))}`)
    if (!chain.fixed) say('        a consumer may have a configuration of its own')
  }
}

/** The configuration that applies without a consumer: the one bound most closely (as Kong). */
function entityOf(config: Config, plugin: string, route: Route | null): PluginEntity | null {
  let best: PluginEntity | null = null
  let closest = -1
  for (const entity of config.plugins) {
    const isOther = entity.name !== plugin || !entity.enabled
    const isOfSome = entity.consumer !== null || entity.consumer_group !== null
    const fitsRoute = entity.route === null || entity.route === route?.id
    const fitsService = entity.service === null || entity.service === route?.service?.id
    const close = (entity.route === null ? 0 : 2) + (entity.service === null ? 0 : 1)
    if (isOther || isOfSome || !fitsRoute || !fitsService || close <= closest) continue
    best = entity
    closest = close
  }
  return best
}

function describeTarget(x: Exchange, route: Route): void {
  const service = route.service
  if (service === null) {
    say(`\nanswer: ${answerOf(faults.SERVICE_NOT_FOUND)}`)
    return
  }
  say(`\nservice ${service.name ?? service.id} (${service.protocol}://${service.host}:${service.port})`)
  const target = service.balancer.pick(x)
  for (const each of service.balancer.targets) {
    say(
      `  ${each === target ? '>' : ' '} target ${each.name} at ${placeOf(each.address)}, weight ${each.weight}`,
    )
  }
  if (target === null) {
    say(`    answer: ${answerOf(service.balancer.refusal)}`)
    return
  }
  service.balancer.done(x, target, faults.CLIENT_GONE)
  const line = new Outbox()
  putUpstreamPath(line, x, route, service)
  const head = x.request
  const method = head.bytes.latin1Slice(head.methodStart, head.methodEnd)
  say(`\nsent: ${method} ${line.bytes.latin1Slice(0, line.used)}`)
}

/** With the place that says more of it. */
function answerOf(fault: Fault): string {
  return `${fault.status} ${fault.text} (docs/faults.md#${fault.code.toLowerCase()})`
}

/** The port of a socket of this machine is 0. */
function placeOf({ ip, port }: Address): string {
  return port === 0 ? ip : `${ip}:${port}`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
