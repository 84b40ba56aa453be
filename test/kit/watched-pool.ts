/** watched-pool — a gateway in front of one upstream with checks, and what its status listener says of the targets. */
import { answers, reply } from './behaviours.ts'
import { type Gateway, openGateway } from './gateway.ts'
import { kongYml } from './kong-config.ts'
import { type Behaviour, openTarget, type TestTarget } from './test-target.ts'

type Fields = Readonly<Record<string, unknown>>

export interface PoolOptions {
  /** "host:port", in order. */
  readonly targets: readonly string[]
  readonly upstream: Fields
  readonly env?: Readonly<Record<string, string>>
}

export function poolConfig({ targets, upstream }: Omit<PoolOptions, 'env'>): string {
  const routes = [{ name: 'all', paths: ['/'] }]
  return kongYml({
    services: [{ name: 'service', host: 'pool', port: 80, protocol: 'http', retries: 0, routes }],
    upstreams: [{ name: 'pool', targets: targets.map((target) => ({ target })), ...upstream }],
  })
}

export async function withPool(
  options: PoolOptions,
  body: (gateway: Gateway) => Promise<void>,
): Promise<void> {
  const { env = {} } = options
  const gateway = await openGateway({ config: poolConfig(options), env })
  try {
    await body(gateway)
  } finally {
    await gateway.stop()
  }
}

export interface Health {
  readonly target: string
  readonly health: string
  readonly data: { readonly addresses: readonly { readonly ip: string; readonly health: string }[] }
}

export async function askStatus(gateway: Gateway, path: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${gateway.statusPort}${path}`)
  return { status: answer.status, text: await answer.text() }
}

export async function healthOf(gateway: Gateway): Promise<Health[]> {
  return JSON.parse((await askStatus(gateway, '/upstreams/pool/health')).text).data
}

/** Of each target in turn. */
export async function healthNames(gateway: Gateway): Promise<string> {
  return (await healthOf(gateway)).map(({ health }) => health).join(' ')
}

/** A target that says its name to traffic, and to probes (GET /health) what `status` is at the moment. */
export class NamedTarget {
  status = '200 OK'
  readonly #name: string
  readonly target: TestTarget

  private constructor(name: string, target: TestTarget) {
    this.#name = name
    this.target = target
    target.behave = (call) => this.#answer(call)
  }

  static async open(name: string): Promise<NamedTarget> {
    return new NamedTarget(name, await openTarget(answers()))
  }

  get address(): string {
    return `127.0.0.1:${this.target.port}`
  }

  /** Probes since the target was last told to forget. */
  get probes(): number {
    return this.target.requests.filter(({ target }) => target === '/health').length
  }

  #answer: Behaviour = async (call) => {
    await call.body()
    if (call.request.target === '/health') call.send(reply('', [], this.status))
    else call.send(reply(this.#name))
  }
}
