/** What an operator is told when uWebSockets.js can't be loaded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainUnavailable, prepareUws, UWS_HEAD_VARIABLE } from './uws.ts'

const here = { node: '20.20.2', abi: '115', platform: 'linux', arch: 'x64', glibc: '2.36' }

test('an engine that is not installed is told from one that does not fit, and both name the way out', () => {
  const missing = explainUnavailable("Cannot find module 'uWebSockets.js'\nRequire stack:\n- /a", here)
  assert.match(missing, /^uWebSockets\.js is not installed: .*SLUICE_ENGINE=node$/)
  const tooOld = explainUnavailable("/lib/libc.so.6: version `GLIBC_2.38' not found (required by /a)", here)
  assert.match(tooOld, /needs glibc 2\.38 and this system has 2\.36: .*SLUICE_ENGINE=node$/)
  const noBinary = explainUnavailable("Cannot find module './uws_linux_x64_115.node'", here)
  assert.match(noBinary, /no binary for Node 20\.20\.2 \(ABI 115\) on linux x64: .*SLUICE_ENGINE=node$/)
  const musl = explainUnavailable('Error loading shared library ld-linux', { ...here, glibc: '' })
  assert.match(musl, /musl.*SLUICE_ENGINE=node$/)
})

test('a reason nobody has foreseen is told as it is, in one line', () => {
  const other = explainUnavailable('something\n\nelse', here)
  assert.match(other, /^something else \(Node 20\.20\.2 /)
})

test('the bound of a head is set for the engine, but an operator’s own stands', () => {
  const env: NodeJS.ProcessEnv = {}
  prepareUws(env, 32768)
  assert.equal(env[UWS_HEAD_VARIABLE], '32768')
  prepareUws(env, 1)
  assert.equal(env[UWS_HEAD_VARIABLE], '32768')
})
