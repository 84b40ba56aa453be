/** sink-rig — a log plugin built as a worker builds it, and its sink as the log thread has it, without the threads. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { validate } from '../../src/config/validate.ts'
import type { LogRecord, Sink, SinkTools } from '../../src/contract/machine/log-sinks.ts'
import type { AnyPlugin, Host, PluginDefinition, PluginScope } from '../../src/contract/plugin.ts'
import type { Field, Value } from '../../src/contract/schema.ts'
import { until } from './command.ts'
import { makeHost } from './plugin-host.ts'

const SCOPE: PluginScope = {
  id: 'p',
  instanceName: null,
  routeId: null,
  serviceId: null,
  consumerId: null,
}
const CLOSE_MS = 2000

/** What a schema says of a configuration: `field: message`, sorted. */
export function complaints<F extends Field>(plugin: PluginDefinition<F>, config: object): string[] {
  const { findings } = validate(plugin.schema, config as Value)
  return findings.map(({ path, message }) => `${path.join('.')}: ${message}`).sort()
}

interface Built {
  readonly name: string
  /** As they reach the log thread. */
  readonly settings: object
  readonly lines: string[]
}

/** Builds the plugin of a configuration, and answers which sink it opened. */
export function buildLog<F extends Field>(
  plugin: PluginDefinition<F>,
  config: object,
  own: Partial<Host> = {},
): Built {
  const { value, findings } = validate(plugin.schema, config as Value)
  assert.deepEqual(findings, [])
  const opened: { name: string; settings: object }[] = []
  const lines: string[] = []
  const host = makeHost({
    logs: {
      open: (_from, name, settings) => {
        opened.push({ name, settings: structuredClone(settings) })
        return { put: () => {}, close: () => {} }
      },
    },
    log: (level, message) => lines.push(`${level} ${message}`),
    ...own,
  })
  // Its config passed its own schema above.
  const build = plugin.build as AnyPlugin['build']
  build(value as never, host, SCOPE)
  return { ...opened[0]!, lines }
}

export class SinkRig {
  readonly lost: Record<string, number> = {}
  readonly lines: string[] = []
  readonly sink: Sink
  delivered = 0

  /** `trusted`: SinkTools.trusted. */
  constructor(open: (tools: SinkTools) => Sink, trusted: readonly string[] = []) {
    this.sink = open({
      nodeId: 'node-1',
      hostname: 'box',
      version: '0',
      trusted,
      entity: () => null,
      now: () => performance.now(),
      lost: (count, why) => {
        this.lost[why] = (this.lost[why] ?? 0) + count
      },
      delivered: (count) => {
        this.delivered += count
      },
      log: (level, message) => {
        this.lines.push(`${level} ${message}`)
      },
    })
  }

  /** Records whose uri is `/0`, `/1` and so on. */
  write(count: number, own: Partial<LogRecord> = {}): void {
    for (let i = 0; i < count; i++) this.sink.write({ ...RECORD, uri: `/${i}`, ...own })
  }

  /** Waits until so many records are delivered or lost. */
  settled(count: number): Promise<void> {
    return until(`${count} records are delivered or lost`, () => this.sum() >= count)
  }

  sum(): number {
    return Object.values(this.lost).reduce((sum, each) => sum + each, this.delivered)
  }
}

/** `ship`: the sink's function. It is closed when the test ends. */
export function openSink<F extends Field, S>(
  t: TestContext,
  plugin: PluginDefinition<F>,
  ship: (settings: S, tools: SinkTools) => Sink,
  config: object,
): SinkRig {
  // The plugin makes what its sink takes.
  const settings = buildLog(plugin, config).settings as S
  const rig = new SinkRig((tools) => ship(settings, tools))
  t.after(() => rig.sink.close(CLOSE_MS))
  return rig
}

export const RECORD: LogRecord = {
  requestId: 'r',
  startedAt: 1_800_000_000_000,
  clientIp: '10.0.0.1',
  clientPort: 1000,
  scheme: 'http',
  host: 'a',
  port: 80,
  httpVersion: '1.1',
  method: 'GET',
  uri: '/',
  requestHeaders: { host: 'a' },
  requestSize: 100,
  tls: null,
  upstreamUri: '/',
  status: 200,
  proxied: true,
  responseHeaders: {},
  responseSize: 100,
  routeId: '',
  serviceId: '',
  consumerId: '',
  credentialId: '',
  tries: [],
  triesCount: 0,
  timers: { request: 0, wait: 0, connect: 0, response: 0, total: 1, gateway: 0, receive: 0 },
  fault: 'NONE',
  blame: '',
  detail: '',
  correlationId: '',
  extras: [],
  trace: null,
}
