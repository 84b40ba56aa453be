/**
 * chain — what it costs to run a request's plugins, apart from what they do.
 *
 *     node dist/bench/micro/chain.bench.js
 *
 * An operation is one exchange: request, response and log steps of all its plugins, each of which raises a number.
 * Each plugin, ours or theirs, is code of its own, as in life: from one text the compiler would make one function
 * of all. In "a chain that consumers change" the last plugin is one that some consumer has set up for itself, so
 * every link is resolved when its turn comes.
 *
 * The peers are written here, since what is measured is the way of calling: async functions each of which awaits the
 * next, as koa composes them, and lists of hooks with a callback, a list for each step, as fastify runs them. The
 * first has no step of its own for the log; what would be logged runs on the way back. Neither resolves anything by
 * consumer. Unlike ours, a function of theirs may take its time without saying so first; a hook that throws ends the
 * request with them, and has its name told with ours.
 */
import { runInThisContext } from 'node:vm'
import { Exchange } from '../../src/contract/exchange.ts'
import type { Plan, Route } from '../../src/contract/plan.ts'
import { type Handler, NEXT } from '../../src/contract/plugin.ts'
import { Trace } from '../../src/contract/record/trace.ts'
import { Bindings } from '../../src/flow/chain/bindings.ts'
import { buildGlobalChain, ChainBuilder } from '../../src/flow/chain/build-chain.ts'
import { ChainRunner } from '../../src/flow/chain/chain.ts'
import { REQUEST_LIMITS } from '../../src/http1/limits.ts'
import type { Bench, Case } from './frame/bench.ts'
import { runAlone } from './frame/run.ts'
import { type AsyncFunction, type Hook, runAsync, runHooks } from './peers/middleware.ts'

const ID = new Uint8Array(16)
const COUNTS = [0, 1, 4, 8]
/** Of a plugin: in the request, the response and the log. */
const STEPS = 3

export const bench: Bench = {
  name: 'chain',
  says: 'runs the plugins of one exchange',
  groups: COUNTS.map((count) => ({ name: `${count} plugins`, open: () => open(count) })),
}

function open(count: number): Case[] {
  const changeable: Case[] =
    count === 0 ? [] : [openChain('sluice, a chain that consumers change', count, 'jo')]
  const traced: Case[] = count === 4 ? [openChain('sluice, traced', count, null, true)] : []
  return [openChain('sluice', count, null), ...traced, ...changeable, asyncCase(count), hooksCase(count)]
}

function openChain(name: string, count: number, consumerId: string | null, isTraced = false): Case {
  const bindings = new Bindings()
  for (let i = 0; i < count; i++) {
    const place = {
      routeId: null,
      serviceId: null,
      groupId: null,
      consumerId: i === count - 1 ? consumerId : null,
    }
    bindings.add({
      ...place,
      plugin: `plugin-${i}`,
      priority: 1000 - i,
      handler: makeHandler(i),
      origin: 'bench',
    })
  }
  const chain = new ChainBuilder(bindings).build('route', 'service')
  if (chain.fixed !== (consumerId === null))
    throw new Error('the chain is not of the kind that is to be measured')
  const readMs = (): number => performance.now()
  const runner = new ChainRunner(
    (_x, plugin) => {
      throw new Error(`${plugin} threw`)
    },
    new Int32Array(1),
    readMs,
  )
  const overrides = consumerId === null ? null : bindings.ofConsumer(consumerId, [])
  const consumer = { id: 'jo', username: 'jo', customId: null, tags: [], groups: [], overrides }
  const x = new Exchange(REQUEST_LIMITS)
  // Only what the chain reads.
  x.plan = { globalChain: buildGlobalChain(bindings), consumers: [consumer] } as unknown as Plan
  x.route = { chain } as Route
  const run = (times: number): number => {
    x.responseBytes = 0
    for (let i = 0; i < times; i++) {
      x.step = 0
      if (x.picked.length !== 0) x.picked.length = 0
      x.consumer = consumer
      if (isTraced) x.trace = new Trace(ID, null, ID, ID)
      runner.runRequest(x)
      runner.runResponse(x)
      runner.runLog(x)
    }
    return checked(x.responseBytes, times * count * STEPS)
  }
  return { name, run }
}

/** Each in a script of its own, since equal scripts share their code. The text is ours, so the type is known. */
function compile<T>(i: number, source: string): T {
  return runInThisContext(`/* ${i} */ (${source})`) as T
}

function makeHandler(i: number): Handler {
  const PluginClass = compile<new () => Handler>(
    i,
    `class Plugin${i} {
      onRequest(x) { x.responseBytes++; return ${NEXT} }
      onResponse(x) { x.responseBytes++ }
      onLog(x) { x.responseBytes++ }
    }`,
  )
  return new PluginClass()
}

function asyncCase(count: number): Case {
  const x = new Exchange(REQUEST_LIMITS)
  const source =
    'async (x, next) => { x.responseBytes++; await next(); x.responseBytes++; x.responseBytes++ }'
  const functions = Array.from({ length: count }, (_, i) => compile<AsyncFunction<Exchange>>(i, source))
  const run = async (times: number): Promise<number> => {
    x.responseBytes = 0
    for (let i = 0; i < times; i++) await runAsync(functions, x)
    return checked(x.responseBytes, times * count * STEPS)
  }
  return { name: 'async functions that await the next', run }
}

function hooksCase(count: number): Case {
  const x = new Exchange(REQUEST_LIMITS)
  const source = '(x, done) => { x.responseBytes++; done(null) }'
  const lists = Array.from({ length: STEPS }, (_, step) =>
    Array.from({ length: count }, (__, i) => compile<Hook<Exchange>>(step * count + i, source)),
  )
  let failed = 0
  const onDone = (error: unknown): void => {
    if (error !== null) failed++
  }
  const run = (times: number): number => {
    x.responseBytes = 0
    for (let i = 0; i < times; i++) for (let step = 0; step < STEPS; step++) runHooks(lists[step]!, x, onDone)
    return checked(x.responseBytes + failed, times * count * STEPS)
  }
  return { name: 'hooks with a callback', run }
}

function checked(sum: number, wanted: number): number {
  if (sum !== wanted) throw new Error(`plugins ran ${sum} steps, not ${wanted}`)
  return sum
}

await runAlone(bench, import.meta.url)
