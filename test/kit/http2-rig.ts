/**
 * A gateway that speaks HTTP/2 with prior knowledge, and a target, shared by the cases of a suite.
 *
 * On the native-free engine only: uWebSockets.js speaks HTTP/1.1 and nothing else, so a listener with `http2` is
 * always served by this engine's code, whichever is chosen.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { answers } from './behaviours.ts'
import { engineMissing, type Gateway, type GatewayOptions, openGateway } from './gateway.ts'
import { catchAll } from './kong-config.ts'
import {
  type Field,
  headers,
  openHttp2,
  type RawHttp2,
  type RawHttp2Options,
  requestFields,
} from './raw-http2.ts'
import { openTarget, type TestTarget } from './test-target.ts'

const CASE_MS = 60_000

export interface Http2Rig {
  readonly gateway: Gateway
  readonly target: TestTarget
  connect(options?: Partial<RawHttp2Options>): Promise<RawHttp2>
  /** Asks on a connection of its own and throws unless it is answered with 200. */
  probe(): Promise<void>
}

export type Http2Case = (name: string, body: (rig: Http2Rig) => Promise<void>) => void

interface Options extends Partial<Omit<GatewayOptions, 'config' | 'engine'>> {
  /** The probe comes over TLS. */
  readonly isSecure?: boolean
}

export function overHttp2(suite: string, options: Options, fn: (check: Http2Case) => void): void {
  const skip = engineMissing('node')
  describe(`${suite} (node)`, skip === '' ? {} : { skip }, () => {
    const rig = new SharedHttp2Rig()
    before(() => rig.start(options))
    after(() => rig.stop())
    beforeEach(() => rig.refresh())
    fn((name, body) =>
      it(name, { timeout: CASE_MS }, async (t) => {
        try {
          await body(rig)
          assert.equal(rig.gateway.alive, true, 'the gateway died')
        } catch (error) {
          t.diagnostic(`the gateway's last lines:\n${rig.gateway.log.slice(-10).join('\n')}`)
          throw error
        } finally {
          rig.hangUp()
        }
      }),
    )
  })
}

class SharedHttp2Rig implements Http2Rig {
  #isSecure = false
  #gateway: Gateway | null = null
  #target: TestTarget | null = null
  readonly #clients: RawHttp2[] = []

  get gateway(): Gateway {
    assert.ok(this.#gateway, 'the gateway did not start')
    return this.#gateway
  }

  get target(): TestTarget {
    assert.ok(this.#target)
    return this.#target
  }

  async start(options: Options): Promise<void> {
    this.#isSecure = options.isSecure === true
    this.#target = await openTarget(answers())
    const config = catchAll(this.#target.port)
    this.#gateway = await openGateway({ listen: '127.0.0.1:PORT http2', ...options, config, engine: 'node' })
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop()
    await this.#target?.close()
  }

  refresh(): void {
    this.target.behave = answers()
    this.target.forget()
  }

  hangUp(): void {
    for (const client of this.#clients) client.destroy()
    this.#clients.length = 0
  }

  async connect(options: Partial<RawHttp2Options> = {}): Promise<RawHttp2> {
    const client = await openHttp2({ port: this.gateway.port, ...options })
    this.#clients.push(client)
    return client
  }

  async probe(): Promise<void> {
    const client = await this.connect({ isSecure: this.#isSecure })
    client.send(headers(1, requestFields('GET', '/probe')))
    const answer = await client.whole(1)
    assert.equal(answer.status, 200, 'a client on another connection is answered')
    client.destroy()
  }
}

/** The connection ends: with one of these codes, and for good. */
export async function assertConnectionError(client: RawHttp2, ...codes: readonly number[]): Promise<void> {
  await client.until('the end of the connection', () => client.closed)
  assert.ok(codes.includes(client.goaway), `GOAWAY with ${client.goaway}, not one of ${codes.join(', ')}`)
}

/** The stream is reset with one of these codes, or the connection ends with one. */
export async function assertStreamError(
  client: RawHttp2,
  stream: number,
  ...codes: readonly number[]
): Promise<void> {
  const answer = client.answer(stream)
  await client.until(`a reset of stream ${stream}`, () => answer.reset >= 0 || client.closed)
  const told = answer.reset >= 0 ? answer.reset : client.goaway
  assert.ok(codes.includes(told), `ended with ${told}, not one of ${codes.join(', ')}`)
}

/** Sends one request with these fields, exactly, and answers what came of it. */
export async function sendFields(client: RawHttp2, fields: readonly Field[], stream = 1): Promise<number> {
  client.send(headers(stream, fields))
  return (await client.settled(stream)).status
}
