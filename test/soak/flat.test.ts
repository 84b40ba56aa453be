/** Two hundred thousand requests, and the gateway holds no more memory and no more handles than before. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { pause } from '../kit/behaviours.ts'
import { eachEngine, type Rig } from '../kit/each-engine.ts'
import { get, type RawClient } from '../kit/raw-client.ts'

const MB = 1024 * 1024
/** uws, asked one at a time, takes the client three times as long. */
const REQUESTS = { node: 200_000, uws: 60_000 } as const
const CONNECTIONS = 20
/** uws answers one request of a connection at a time. */
const BATCH = { node: 10, uws: 1 } as const
/** Descriptors a runtime opens once, on first use. */
const HANDLES_SLACK = 2
const GROWTH_MAX = 24 * MB

const env = { SLUICE_UPSTREAM_KEEPALIVE_IDLE_TIMEOUT: '1s', SLUICE_KEEPALIVE_REQUESTS: '1000000000' }

function handles(rig: Rig): number {
  return readdirSync(`/proc/${rig.gateway.pid}/fd`).length
}

/** Sends `count` requests in batches and waits for as many answers. */
async function drive(client: RawClient, count: number, size: number): Promise<void> {
  const batch = Array.from({ length: size }, (_, i) =>
    get(`/path/${i}?q=1`, 'Accept: */*', 'Cookie: a=b'),
  ).join('')
  for (let sent = 0; sent < count; sent += size) {
    await client.send(batch)
    for (let i = 0; i < size; i++) {
      const head = await client.reader.until('\r\n\r\n')
      assert.ok(head !== null, 'closed')
      await client.reader.take(2)
    }
  }
}

async function rounds(rig: Rig, requests: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => rig.connect()))
  await Promise.all(clients.map((client) => drive(client, requests / CONNECTIONS, BATCH[rig.engine])))
  for (const client of clients) client.destroy()
  rig.target.forget()
}

eachEngine('soak', { env, caseMs: 300_000 }, (check) => {
  check('memory stays flat and every handle is given back', async (rig) => {
    const idle = handles(rig)
    rig.target.behave = (call) => call.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    // The first tenth fills pools and lets the compiler settle.
    for (let i = 0; i < 2; i++) await rounds(rig, REQUESTS[rig.engine] / 20)
    const before = rig.gateway.rss
    for (let i = 0; i < 9; i++) await rounds(rig, REQUESTS[rig.engine] / 10)
    const growth = rig.gateway.rss - before
    assert.ok(growth < GROWTH_MAX, `${(growth / MB).toFixed(1)} MB more`)
    for (let tries = 0; handles(rig) > idle + HANDLES_SLACK; tries++) {
      assert.ok(tries < 100, `${handles(rig)} handles, ${idle} at the start`)
      await pause(100)
    }
  })
})
