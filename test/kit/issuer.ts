/** issuer — a small OpenID Connect issuer on loopback: discovery, keys that rotate, introspection; and one that is away. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export interface MintOptions {
  /** The newest unless told otherwise. */
  readonly kid?: string
  readonly header?: object
}

export class TestIssuer {
  /** Paths that it was asked for, in order; of introspection with the form. */
  readonly asked: string[] = []
  /** Every question is answered with 500. */
  isAway = false
  /** What the discovery document says beside the usual. */
  document: Record<string, unknown> = {}
  /** What is told of a token. */
  readonly active = new Map<string, object>()
  /** Authorization of the last introspection. */
  authorization: string | undefined
  readonly #server: Server
  readonly #pairs = new Map<string, Pair>()

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request, response) => {
      void this.#answer(request).then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      })
    })
  }

  static async open(): Promise<TestIssuer> {
    const server = createServer()
    const issuer = new TestIssuer(server)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    issuer.addKey('one')
    return issuer
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` // it listens on TCP
  }

  addKey(kid: string): void {
    this.#pairs.set(kid, generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  }

  dropKey(kid: string): void {
    this.#pairs.delete(kid)
  }

  /** Good for an hour, unless `claims` say otherwise. */
  async mint(
    claims: object = {},
    { kid = [...this.#pairs.keys()].at(-1)!, header = {} }: MintOptions = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    return await new SignJWT({ iss: this.url, sub: 'somebody', aud: 'orders', exp: now + 3600, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid, ...header })
      .sign(this.#pairs.get(kid)!.privateKey)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }

  async #answer(request: IncomingMessage): Promise<[status: number, body: object]> {
    let form = ''
    for await (const chunk of request) form += String(chunk)
    this.asked.push(form === '' ? String(request.url) : `${request.url} ${form}`)
    if (this.isAway) return [500, { error: 'away' }]
    if (request.url === '/.well-known/openid-configuration') return [200, this.#discovery()]
    if (request.url === '/keys') return [200, { keys: [...this.#pairs].map(jwkOf) }]
    if (request.url !== '/introspect') return [404, {}]
    this.authorization = request.headers.authorization
    return [200, this.active.get(new URLSearchParams(form).get('token') ?? '') ?? { active: false }]
  }

  #discovery(): object {
    const { url } = this
    return {
      issuer: url,
      jwks_uri: `${url}/keys`,
      introspection_endpoint: `${url}/introspect`,
      ...this.document,
    }
  }
}

function jwkOf([kid, { publicKey }]: [string, Pair]): object {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
}
