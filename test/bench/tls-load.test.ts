/**
 * Load over TLS: to a host whose certificate nobody signed.
 *
 * NEEDS openssl
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { runOpenLoad } from '../../bench/open-loop/run-open-load.ts'

const run = promisify(execFile)

test('uploads and large answers pass over TLS, and their times are kept', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-load-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  await run('openssl', ['req', '-x509', ...kind, '-subj', '/CN=localhost', '-keyout', key, '-out', cert])
  const answer = Buffer.alloc(1 << 20, 'x')
  let received = 0
  const server = https.createServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    (request, response) => {
      request.on('data', (bytes) => {
        received += bytes.length
      })
      request.on('end', () => response.end(answer))
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo // a TCP server's address is never a string
  const found = await runOpenLoad(
    {
      origin: `https://127.0.0.1:${port}`,
      method: 'POST',
      paths: ['/'],
      fields: { 'Content-Type': 'text/plain' },
      upload: 16_384,
      rate: 20,
      seconds: 1,
      warmUpSeconds: 0,
      connections: 4,
      timeoutMs: 10_000,
    },
    [],
  )
  assert.deepEqual([found.requests, found.errors, found.errorSamples], [20, 0, []])
  assert.equal(received, 20 * 16_384)
  assert.equal(decodeFromCompressedBase64(found.histogram).totalCount, 20)
})
