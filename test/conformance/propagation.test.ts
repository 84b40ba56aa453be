/** What targets are told of a trace, in each format, on both engines. */
import assert from 'node:assert/strict'
import { type Case, eachEngine, type Rig } from '../kit/each-engine.ts'
import { kongYml } from '../kit/kong-config.ts'

const TRACE = '463ac35c9f6413ad48485a3953bb6124'
const SPAN = 'a2fb4a1d1a96d312'
const HEX = '[0-9a-f]'

function config(port: number): string {
  const target = { host: '127.0.0.1', port, protocol: 'http' }
  const route = (name: string, rules: object, plugin = 'zipkin') => ({
    name,
    paths: [`/${name}`],
    plugins: [{ name: plugin, config: { ...(plugin === 'zipkin' ? { sample_ratio: 0 } : {}), ...rules } }],
  })
  const inject = (format: string) =>
    route(`to-${format}`, { propagation: { extract: ['w3c'], inject: [format] } })
  const routes = [
    route('plain', {}),
    route('w3c', { propagation: { default_format: 'w3c' } }),
    route('all', { sample_ratio: 1, http_response_header_for_traceid: 'X-Trace' }),
    route('short', { traceid_byte_count: 8, http_response_header_for_traceid: 'X-Trace' }),
    route('ignore', { header_type: 'ignore', default_header_type: 'w3c' }),
    route('clear', {
      propagation: { extract: ['jaeger'], clear: ['uber-trace-id', 'x-internal'], inject: ['b3'] },
    }),
    ...FORMATS.map(([format]) => inject(format)),
  ]
  return kongYml({ services: [{ name: 'target', ...target, routes }] })
}

/** Name, and what the target is told of a trace that came in as w3c and sampled. */
const FORMATS: readonly [format: string, ...fields: string[]][] = [
  ['w3c', `traceparent: 00-${TRACE}-${HEX}{16}-01`],
  [
    'b3',
    `x-b3-traceid: ${TRACE}`,
    `x-b3-spanid: ${HEX}{16}`,
    `x-b3-parentspanid: ${HEX}{16}`,
    'x-b3-sampled: 1',
  ],
  ['b3-single', `b3: ${TRACE}-${HEX}{16}-1-${HEX}{16}`],
  ['jaeger', `uber-trace-id: ${TRACE}:${HEX}{16}:${HEX}{16}:01`],
  ['ot', `ot-tracer-traceid: ${TRACE}`, `ot-tracer-spanid: ${HEX}{16}`, 'ot-tracer-sampled: 1'],
  [
    'datadog',
    'x-datadog-trace-id: 5208512171318403364',
    'x-datadog-parent-id: \\d+',
    'x-datadog-sampling-priority: 1',
  ],
  ['aws', `x-amzn-trace-id: Root=1-463ac35c-9f6413ad48485a3953bb6124;Parent=${HEX}{16};Sampled=1`],
  ['gcp', `x-cloud-trace-context: ${TRACE}/\\d+;o=1`],
  ['instana', `x-instana-t: ${TRACE}`, `x-instana-s: ${HEX}{16}`, 'x-instana-l: 1'],
]

/** What a client sends in each format, and what of it the target finds again. */
const PRESERVED: readonly [sent: readonly string[], kept: RegExp][] = [
  [[`traceparent: 00-${TRACE}-${SPAN}-01`], new RegExp(`^traceparent: 00-${TRACE}-`)],
  [[`X-B3-TraceId: ${TRACE}`, `X-B3-SpanId: ${SPAN}`], new RegExp(`^x-b3-traceid: ${TRACE}$`)],
  [[`b3: ${TRACE}-${SPAN}-0`], new RegExp(`^b3: ${TRACE}-.*-0`)],
  [[`uber-trace-id: ${TRACE}:${SPAN}:0:1`], new RegExp(`^uber-trace-id: ${TRACE}:`)],
  [[`ot-tracer-traceid: ${TRACE}`, `ot-tracer-spanid: ${SPAN}`], new RegExp(`^ot-tracer-traceid: ${TRACE}$`)],
  [['x-datadog-trace-id: 77', 'x-datadog-parent-id: 5'], /^x-datadog-trace-id: 77$/],
  [
    ['X-Amzn-Trace-Id: Root=1-463ac35c-9f6413ad48485a3953bb6124'],
    /^x-amzn-trace-id: Root=1-463ac35c-9f6413ad48485a3953bb6124;Parent=/,
  ],
  [[`X-Cloud-Trace-Context: ${TRACE}/1;o=1`], new RegExp(`^x-cloud-trace-context: ${TRACE}/\\d+;o=1$`)],
  [[`X-Instana-T: ${TRACE}`, `X-Instana-S: ${SPAN}`], new RegExp(`^x-instana-t: ${TRACE}$`)],
]

eachEngine('propagation', { config }, (check) => {
  casesOfFormats(check)
  casesOfIds(check)
})

function casesOfFormats(check: Case): void {
  for (const [format, ...fields] of FORMATS)
    check(`a trace goes on in the format ${format}`, async (rig) => {
      const sent = await told(rig, `/to-${format}`, [`traceparent: 00-${TRACE}-${SPAN}-01`])
      const own = format === 'w3c' ? sent : sent.filter((line) => !line.startsWith('traceparent'))
      assert.equal(own.length, fields.length, own.join('\n'))
      for (const [i, field] of fields.entries()) assert.match(own[i]!, new RegExp(`^${field}$`))
    })

  check('the format that came in is the one the target is told in, once', async (rig) => {
    for (const [fields, kept] of PRESERVED) {
      const sent = await told(rig, '/plain', fields)
      assert.equal(sent.filter((line) => kept.test(line)).length, 1, sent.join('\n'))
      const names = sent.map((line) => line.split(':')[0])
      assert.equal(new Set(names).size, names.length, names.join())
    }
  })

  check('without any a trace begins, in the default format', async (rig) => {
    const b3 = await told(rig, '/plain', [])
    assert.deepEqual(
      b3.map((line) => line.split(':')[0]),
      ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled'],
    )
    const [w3c] = await told(rig, '/w3c', [])
    assert.match(w3c!, /^traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  })

  check('fields are cleared once they are read', async (rig) => {
    const sent = await told(rig, '/clear', [`uber-trace-id: ${TRACE}:${SPAN}:0:0`, 'X-Internal: 1'])
    assert.deepEqual(sent.slice(0, 2), [`x-b3-traceid: ${TRACE}`, `x-b3-spanid: ${SPAN}`])
    assert.equal(rig.target.last.get('x-internal'), undefined)
  })

  check('header_type "ignore" begins a trace whatever comes', async (rig) => {
    const [line] = await told(rig, '/ignore', [`traceparent: 00-${TRACE}-${SPAN}-01`, 'tracestate: a=1'])
    assert.doesNotMatch(line!, new RegExp(TRACE))
    assert.equal(rig.target.last.get('tracestate'), undefined)
  })
}

function casesOfIds(check: Case): void {
  check('the state of other vendors stays with its trace, and goes with it', async (rig) => {
    await told(rig, '/w3c', [`traceparent: 00-${TRACE}-${SPAN}-01`, 'tracestate: a=1', 'tracestate: b=2'])
    assert.deepEqual(rig.target.last.all('tracestate'), ['a=1', 'b=2'])
    await told(rig, '/w3c', [`traceparent: 00-${TRACE}-${SPAN}-1`, 'tracestate: a=1'])
    assert.deepEqual(rig.target.last.all('tracestate'), [])
  })

  check('baggage is passed on as it came', async (rig) => {
    const baggage = ['baggage: user=jo', 'uberctx-user: jo', 'ot-baggage-user: jo']
    await told(rig, '/plain', [`uber-trace-id: ${TRACE}:${SPAN}:0:1`, ...baggage])
    for (const line of baggage) assert.equal(rig.target.last.get(line.split(':')[0]!), line.split(': ')[1])
  })

  check('fields that are hostile are no trace, and cost the request nothing', async (rig) => {
    for (const value of [
      '',
      '00',
      `ff-${TRACE}-${SPAN}-01`,
      `00-${'0'.repeat(32)}-${SPAN}-01`,
      'x'.repeat(4000),
    ]) {
      const [line] = await told(rig, '/w3c', [`traceparent: ${value}`])
      assert.match(line!, /^traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
      assert.doesNotMatch(line!, new RegExp(TRACE))
    }
  })

  check('the client is told the id that the target is told', async (rig) => {
    for (const [path, form] of [
      ['/all', /^[0-9a-f]{32}$/],
      ['/short', /^[0-9a-f]{16}$/],
    ] as const) {
      const answer = await rig.ask(get(path, []))
      assert.match(answer.get('x-trace') ?? '', form)
      assert.equal(rig.target.last.get('x-b3-traceid'), answer.get('x-trace'))
    }
    const answer = await rig.ask(get('/all', [`b3: ${TRACE}-${SPAN}`]))
    assert.equal(answer.get('x-trace'), TRACE)
  })

  check('a client that says whether to sample is heard, else the ratio decides', async (rig) => {
    const sampled = async (path: string, fields: string[]) => {
      await told(rig, path, fields)
      return rig.target.last.get('x-b3-sampled') ?? rig.target.last.get('b3')?.split('-')[2]
    }
    assert.equal(await sampled('/all', []), '1')
    assert.equal(await sampled('/all', ['x-b3-sampled: 0']), '0')
    assert.equal(await sampled('/plain', []), '0')
    assert.equal(await sampled('/plain', ['x-b3-sampled: 1']), '1')
    assert.equal(await sampled('/plain', [`b3: ${TRACE}-${SPAN}-d`]), 'd')
  })
}

const TRACING = /^(?:traceparent|b3|x-b3-|uber-trace|ot-tracer|x-datadog|x-amzn|x-cloud-trace|x-instana)/i

/** The fields of traces that the target was sent, as lines. */
async function told(rig: Rig, path: string, fields: readonly string[]): Promise<string[]> {
  const answer = await rig.ask(get(path, fields))
  assert.equal(answer.status, 200)
  return rig.target.last.fields
    .filter(([name]) => TRACING.test(name))
    .map(([name, value]) => `${name}: ${value}`)
}

function get(path: string, fields: readonly string[]): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`
}
