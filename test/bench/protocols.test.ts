/**
 * Every peer that can do a scenario over TLS, HTTP/2 or WebSocket does it: load of our own gets all its answers, and
 * TLS is spoken by all of them in the same version, with the same suite and on the same key.
 *
 * NEEDS nginx, haproxy
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import tls from 'node:tls'
import { Stage } from '../../bench/compare/stage.ts'
import { isSecure, type Scenario } from '../../bench/load/scenario.ts'
import { scenarios } from '../../bench/load/scenarios.ts'
import { runOpenLoad } from '../../bench/open-loop/run-open-load.ts'
import { peerOf } from '../../bench/peers/all-peers.ts'
import { TLS_SUITE } from '../../bench/peers/certificate.ts'

const PEERS = ['nginx', 'haproxy', 'sluice', 'sluice-uws'].map(peerOf)
/** Of the scenario's: enough to see them share the gateway. */
const CONNECTIONS = 4

const others = scenarios.filter(({ protocol }) => protocol !== undefined)

describe('scenarios over other protocols', () => {
  for (const scenario of others)
    test(`${scenario.name}: each peer that takes part answers every request`, async (t) => {
      const stage = await Stage.open(scenario, PEERS, {
        cores: { gateway: [], origin: [], load: [] },
        workers: 1,
      })
      t.after(() => stage.close())
      assert.deepEqual(stage.failed, [])
      for (const { name, port } of stage.subjects) {
        if (isSecure(scenario)) await speaksTls(name, port, scenario)
        await answersAll(name, port, scenario)
      }
    })
})

async function speaksTls(name: string, port: number, { protocol }: Scenario): Promise<void> {
  const ALPNProtocols = protocol === 'h2' ? ['h2', 'http/1.1'] : ['http/1.1']
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols })
  await once(socket, 'secureConnect')
  assert.equal(socket.getProtocol(), 'TLSv1.3', name)
  assert.equal(socket.getCipher().standardName, TLS_SUITE, name)
  if (protocol === 'h2') assert.equal(socket.alpnProtocol, 'h2', name)
  const { asn1Curve } = socket.getPeerCertificate()
  assert.equal(asn1Curve, 'prime256v1', name)
  socket.destroy()
}

async function answersAll(name: string, port: number, scenario: Scenario): Promise<void> {
  const { method, paths, fields, upload, protocol, streams = 1 } = scenario
  const asked = { method, paths, fields, upload, streams, ...(protocol === undefined ? {} : { protocol }) }
  const times = { rate: 40, seconds: 1, warmUpSeconds: 0, timeoutMs: 10_000 }
  const origin = `${isSecure(scenario) ? 'https' : 'http'}://127.0.0.1:${port}`
  const found = await runOpenLoad({ ...asked, ...times, origin, connections: CONNECTIONS }, [])
  assert.deepEqual([found.requests, found.errors, found.errorSamples], [40, 0, []], name)
}
