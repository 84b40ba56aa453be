/** The certificate of a gateway that was given none. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { GatewayError } from '../../base/faults.ts'
import { openDefaultCertificate } from './default-certificate.ts'

const YEAR_MS = 365 * 86_400_000

function folder(t: { after(fn: () => void): void }): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-ssl-'))
  t.after(() => rmSync(made, { recursive: true, force: true }))
  return made
}

test('it is made once, readable by its owner only, and is the same after a restart', async (t) => {
  const prefix = folder(t)
  const first = await openDefaultCertificate(prefix, Date.now())
  assert.deepEqual(await openDefaultCertificate(prefix, Date.now()), first)
  for (const name of ['default.crt', 'default.key'])
    assert.equal(statSync(join(prefix, 'ssl', name)).mode & 0o777, 0o600)
  const parsed = new X509Certificate(first.cert)
  assert.equal(parsed.checkHost('localhost'), 'localhost')
  assert.equal(parsed.ca, false)
})

test('one that is about to expire, or is damaged, is made anew', async (t) => {
  const prefix = folder(t)
  const first = await openDefaultCertificate(prefix, Date.now())
  const second = await openDefaultCertificate(prefix, Date.now() + 10 * YEAR_MS)
  assert.notEqual(second.cert, first.cert)
  writeFileSync(join(prefix, 'ssl', 'default.key'), 'half a k')
  const third = await openDefaultCertificate(prefix, Date.now())
  assert.notEqual(third.cert, second.cert)
})

test('a folder that can’t be written is named, with what to set instead', async (t) => {
  const prefix = folder(t)
  writeFileSync(join(prefix, 'ssl'), 'a file')
  await assert.rejects(
    openDefaultCertificate(prefix, Date.now()),
    (error) => error instanceof GatewayError && /SLUICE_SSL_CERT/.test(error.detail),
  )
})
