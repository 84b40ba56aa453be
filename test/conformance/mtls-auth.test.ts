/**
 * What clients and targets see of mtls-auth over real TLS.
 *
 * On the native-free engine only: the other one ends TLS without telling of certificates.
 */
import assert from 'node:assert/strict'
import https from 'node:https'
import { after, before, describe, it } from 'node:test'
import { answers } from '../kit/behaviours.ts'
import { type Made, make } from '../kit/client-certificates.ts'
import { type Gateway, openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { openTarget, type TestTarget } from '../kit/test-target.ts'

const ROOT_ID = '11111111-1111-4111-8111-111111111111'
/** A route a case. */
const ROUTES: Record<string, object> = {
  plain: { forward_certificate: 'both' },
  guests: { anonymous: 'guest' },
  groups: { skip_consumer_lookup: true },
}

describe('mtls-auth', () => {
  let root: Made
  let middle: Made
  let target: TestTarget
  let gateway: Gateway

  before(async () => {
    root = await make('root', { isAuthority: true })
    middle = await make('middle', { by: root, isAuthority: true })
    target = await openTarget(answers())
    const listen = '127.0.0.1:PORT ssl'
    gateway = await openGateway({ config: config(target.port), engine: 'node', listen })
  })
  after(async () => {
    await gateway?.stop()
    await target?.close()
  })

  it('lets the holder of a good certificate pass, and tells the target who it is', async () => {
    const answer = await ask('/plain', { leaf: await make('jo', { by: root }), headers: forged })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(target.last.get('x-consumer-username'), 'jo')
    assert.equal(target.last.get('x-client-cert-subject'), 'CN=jo')
    assert.deepEqual(target.last.all('client-cert').length, 1)
    assert.ok(!target.last.head.includes('forged'))
  })

  it('takes the certificates in between from the client', async () => {
    const leaf = await make('jo', { by: middle })
    assert.equal((await ask('/plain', { leaf, chain: middle.pem })).status, 200)
    assert.match(target.last.get('client-cert-chain') ?? '', /^:[A-Za-z0-9+/=]+:$/)
    assert.equal((await ask('/plain', { leaf })).status, 401)
  })

  it('refuses who shows none, one of a stranger, one that has ended, and one that is nobody’s', async () => {
    const rows: readonly [Made | null, string][] = [
      [null, 'No required TLS certificate was sent'],
      [await make('jo'), 'TLS certificate failed verification'],
      [await make('jo', { by: root, from: -3, to: -1 }), 'TLS certificate failed verification'],
      [await make('stranger', { by: root }), 'Unauthorized'],
    ]
    for (const [leaf, text] of rows) {
      const answer = await ask('/plain', { leaf })
      assert.equal(answer.status, 401)
      assert.equal(JSON.parse(answer.text).message, text)
    }
  })

  it('lets who shows none pass as the anonymous consumer', async () => {
    assert.equal((await ask('/guests', { leaf: null, headers: forged })).status, 200)
    assert.equal(target.last.get('x-anonymous-consumer'), 'true')
    assert.ok(!target.last.head.includes('forged'))
  })

  it('makes a group of the name for acl where no consumer is looked for', async () => {
    assert.equal((await ask('/groups', { leaf: await make('till', { by: root }) })).status, 200)
    assert.equal(target.last.get('x-authenticated-groups'), 'till')
    assert.equal(target.last.get('x-client-cert-dn'), 'CN=till')
    const other = await ask('/groups', { leaf: await make('other', { by: root }) })
    assert.equal(other.status, 403)
  })

  it('judges each connection by its own certificate, and all requests of one alike', async () => {
    const agents = await Promise.all(
      ['jo', 'ed'].map(async (name) => {
        const leaf = await make(name, { by: root })
        return { name, agent: new https.Agent({ ...clientOf({ leaf }), keepAlive: true, maxSockets: 1 }) }
      }),
    )
    for (let i = 0; i < 3; i++)
      for (const { name, agent } of agents) {
        assert.equal((await ask('/plain', { leaf: null, agent })).status, 200)
        assert.equal(target.last.get('x-consumer-username'), name)
      }
    for (const { agent } of agents) agent.destroy()
  })

  // the rig

  function config(port: number): string {
    const routes = Object.entries(ROUTES).map(([name, more]) => ({
      name,
      paths: [`/${name}`],
      plugins: [
        { name: 'mtls-auth', config: { ca_certificates: [ROOT_ID], ...more } },
        ...(name === 'groups' ? [{ name: 'acl', config: { allow: ['till'] } }] : []),
      ],
    }))
    const consumers = [
      { username: 'jo' },
      { username: 'ed-in-fact', mtls_auth_credentials: [] },
      { username: 'ed', mtls_auth_credentials: [{ subject_name: 'ed', ca_certificate: ROOT_ID }] },
      { username: 'guest' },
    ]
    return kongYml({
      services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', routes }],
      ca_certificates: [{ id: ROOT_ID, cert: root.pem }],
      consumers,
    })
  }

  interface Ask {
    readonly leaf: Made | null
    readonly chain?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly agent?: https.Agent
  }

  function ask(path: string, options: Ask): Promise<{ status: number; text: string }> {
    const { agent, headers } = options
    return new Promise((resolve, reject) => {
      const own = agent === undefined ? { ...clientOf(options), agent: false as const } : { agent }
      const request = https.get(
        {
          host: '127.0.0.1',
          port: gateway.port,
          path,
          headers: { ...headers },
          rejectUnauthorized: false,
          ...own,
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part
          })
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        },
      )
      request.on('error', reject)
    })
  }
})

const forged = { 'X-Client-Cert': 'forged', 'Client-Cert': 'forged', 'X-Consumer-Username': 'forged' }

function clientOf({ leaf, chain = '' }: { readonly leaf: Made | null; readonly chain?: string }) {
  return leaf === null ? {} : { key: leaf.key, cert: leaf.pem + chain, rejectUnauthorized: false }
}
