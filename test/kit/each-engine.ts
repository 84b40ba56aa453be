/** Runs every case on every engine, with a gateway and a target that its cases share. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { allowedDifference } from '../conformance/allowed.ts'
import { answers } from './behaviours.ts'
import { type Engine, engineMissing, type Gateway, type GatewayOptions, openGateway } from './gateway.ts'
import { catchAll } from './kong-config.ts'
import type { Message } from './message.ts'
import { type Bytes, connect, type RawClient } from './raw-client.ts'
import { openTarget, type TestTarget } from './test-target.ts'

export const ENGINES: readonly Engine[] = ['node', 'uws']

/** What a case is given. The target answers 'ok' again at the start of each case, and has forgotten the last one. */
export interface Rig {
  readonly engine: Engine
  readonly gateway: Gateway
  readonly target: TestTarget
  connect(): Promise<RawClient>
  /** One request on a connection of its own; its final answer. */
  ask(request: Bytes, method?: string): Promise<Message>
}

export interface RigOptions extends Partial<Omit<GatewayOptions, 'config' | 'engine'>> {
  /** By default everything goes to the target. */
  readonly config?: (targetPort: number) => string
  /** For cases whose work takes long on a slow machine. */
  readonly caseMs?: number
}

type Body = (rig: Rig) => Promise<void>
export type Case = (name: string, body: Body) => void

const CASE_MS = 30_000

/** `fn` is called once for each engine and names its cases with `check`. */
export function eachEngine(suite: string, options: RigOptions, fn: (check: Case) => void): void {
  for (const engine of ENGINES) {
    const skip = engineMissing(engine)
    describe(`${suite} (${engine})`, skip === '' ? {} : { skip }, () => {
      const rig = new SharedRig(engine)
      before(() => rig.start(options))
      after(() => rig.stop())
      beforeEach(() => rig.refresh())
      const timeout = options.caseMs ?? CASE_MS
      fn((name, body) => it(name, { timeout }, (t) => runCase(rig, name, body, (text) => t.diagnostic(text))))
    })
  }
}

/** Most allowed differences are silence: long enough to answer in, too short for a list of them to hold up the run. */
const ALLOWED_MS = 1000

async function runCase(rig: SharedRig, name: string, body: Body, say: (text: string) => void): Promise<void> {
  const allowed = allowedDifference(rig.engine, name)
  let failure: unknown = null
  try {
    await (allowed === null ? body(rig) : Promise.race([body(rig), tooLate()]))
    assert.equal(rig.gateway.alive, true, 'the gateway died')
  } catch (error) {
    failure = error
  } finally {
    rig.hangUp()
  }
  if (failure === null) return
  if (allowed !== null) {
    assert.equal(rig.gateway.alive, true, 'the gateway died of an allowed difference')
    if (allowed.forwardsNothing)
      assert.deepEqual(rig.target.requests, [], 'it must not be forwarded all the same')
    return say(`allowed difference: ${allowed.reason}`)
  }
  say(`the gateway's last lines:\n${rig.gateway.log.slice(-10).join('\n')}`)
  throw failure
}

/** Rejects in time; the timer holds nothing up when the case is over before. */
function tooLate(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not settled within ${ALLOWED_MS} ms`)), ALLOWED_MS).unref()
  })
}

class SharedRig implements Rig {
  readonly engine: Engine
  #gateway: Gateway | null = null
  #target: TestTarget | null = null
  readonly #clients: RawClient[] = []

  constructor(engine: Engine) {
    this.engine = engine
  }

  get gateway(): Gateway {
    assert.ok(this.#gateway, 'the gateway did not start')
    return this.#gateway
  }

  get target(): TestTarget {
    assert.ok(this.#target)
    return this.#target
  }

  async start(options: RigOptions): Promise<void> {
    this.#target = await openTarget(answers())
    const config = (options.config ?? catchAll)(this.#target.port)
    this.#gateway = await openGateway({ ...options, config, engine: this.engine })
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

  async connect(): Promise<RawClient> {
    const client = await connect({ port: this.gateway.port })
    this.#clients.push(client)
    return client
  }

  async ask(request: Bytes, method = 'GET'): Promise<Message> {
    const client = await this.connect()
    try {
      await client.send(request)
      return await client.answer(method)
    } finally {
      client.destroy()
    }
  }
}
