/** What becomes of traces when their receiver is down, slow, full or of another opinion; and that nobody notices. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { PATIENCE_MS } from '../kit/byte-reader.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { OtlpReceiver } from '../kit/otlp-receiver.ts'
import { freePort } from '../kit/ports.ts'
import { connect } from '../kit/raw-client.ts'

const receiver = new OtlpReceiver()
let gateway: Gateway | null = null
let nobody = 1

before(async () => {
  await receiver.listen()
  nobody = await freePort()
  gateway = await openGateway({ config: config() })
})
after(async () => {
  await gateway?.stop()
  await receiver.close()
})
beforeEach(() => receiver.forget())

function config(): string {
  const route = (name: string, port: number, queue: object = {}) => ({
    name,
    paths: [`/${name}`],
    plugins: [
      { name: 'request-termination', config: { status_code: 200, message: 'ok' } },
      {
        name: 'opentelemetry',
        config: {
          traces_endpoint: `http://127.0.0.1:${port}/v1/traces`,
          sampling_rate: 1,
          read_timeout: 300,
          send_timeout: 300,
          queue: { max_coalescing_delay: 0.02, initial_retry_delay: 0.01, max_retry_delay: 0.05, ...queue },
        },
      },
    ],
  })
  const routes = [
    route('taken', receiver.port),
    route('few', receiver.port, { max_entries: 2, max_batch_size: 1 }),
    route('down', nobody, { max_retry_time: 0.1 }),
  ]
  return kongYml({ services: [{ name: 'none', host: '127.0.0.1', port: nobody, protocol: 'http', routes }] })
}

async function ask(path: string): Promise<void> {
  const client = await connect({ port: gateway!.port })
  try {
    await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.equal((await client.answer('GET')).status, 200)
  } finally {
    client.destroy()
  }
}

/** The value of the first sample with all these words; 0 for none. */
async function metric(...words: string[]): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${gateway!.statusPort}/metrics`)
  const lines = (await answer.text()).split('\n').filter((line) => words.every((word) => line.includes(word)))
  return lines.length === 0 ? 0 : Number(lines[0]!.split(' ').at(-1))
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  while (!(await isSo())) {
    assert.ok(performance.now() < endMs, `${what}; the log: ${gateway!.log.slice(-5).join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Of all sinks that ship to this port. */
function lost(port: number, why: string): Promise<number> {
  return metric('sluice_log_lost_total', `127.0.0.1:${port}"`, `why="${why}"`)
}

describe('the receiver of opentelemetry', () => {
  it('may ask for another time, and is then sent the same', async () => {
    let asked = 0
    const statuses = [503, 429, 502]
    receiver.behave = () => ({ status: statuses[asked++] ?? 200, headers: { 'retry-after': '0' } })
    await ask('/taken/again')
    await receiver.traceOf('/taken/again')
    assert.equal(receiver.requests.length, 4)
    assert.equal(receiver.spans.filter((span) => span.name === 'kong').length, 1)
  })

  it('is not asked before the time that it names', async () => {
    let asked = 0
    const askedMs: number[] = []
    receiver.behave = () => {
      askedMs.push(performance.now())
      return asked++ === 0 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200 }
    }
    await ask('/taken/later')
    await receiver.traceOf('/taken/later')
    assert.equal(askedMs.length, 2)
    assert.ok(askedMs[1]! - askedMs[0]! >= 990, `it was asked after ${askedMs[1]! - askedMs[0]!} ms`)
  })

  it('that refuses a batch is not sent it again: it is counted, and said once', async () => {
    const before = await lost(receiver.port, 'refused')
    receiver.behave = () => ({ status: 400 })
    await ask('/taken/refused')
    await until('one is lost', async () => (await lost(receiver.port, 'refused')) === before + 1)
    assert.equal(receiver.requests.length, 1)
    const isSaid = (line: string) => line.includes('answered 400')
    await until('it is said', () => gateway!.log.some(isSaid))
    assert.equal(gateway!.log.filter(isSaid).length, 1)
  })

  it('that takes a part only has told so, and the rest is counted', async () => {
    const before = await lost(receiver.port, 'rejected')
    // ExportTraceServiceResponse: partial_success { rejected_spans: 1, error_message: "no" }
    receiver.behave = () => ({ status: 200, body: Buffer.from('0a06080112026e6f', 'hex') })
    await ask('/taken/part')
    await until('one is lost', async () => (await lost(receiver.port, 'rejected')) === before + 1)
    await until('it is said', () =>
      gateway!.log.some((line) => line.includes('has not taken 1 of a batch: no')),
    )
  })

  it('that is down costs the traces and no request', async () => {
    for (let i = 0; i < 20; i++) await ask('/down')
    await until('all are lost', async () => (await lost(nobody, 'retries over')) === 20)
  })

  it('that never answers costs what the queue cannot hold, and no request', async () => {
    const before = await lost(receiver.port, 'queue full')
    receiver.behave = () => null
    for (let i = 0; i < 20; i++) await ask('/few')
    await until('some are lost', async () => (await lost(receiver.port, 'queue full')) > before)
    receiver.behave = () => ({ status: 200 })
    // Its turn comes when the time of the one that is under way is over.
    await ask('/few/last')
    await receiver.traceOf('/few/last')
  })
})
