/** The bench as people type it, in its smallest run; what it measures is none of this test's business. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { has } from '../../bench/measure/run-child.ts'
import type { RunResult } from '../../bench/report/result.ts'

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function bench(...words: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...words])
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('two peers are compared, and what was found is kept as JSON and as a page', async (t) => {
  const path = join(folderOf(t), 'result')
  const words = ['plain-8', '--peers', 'undici,sluice,kong', '--rounds', '1', '--seconds', '1']
  const { code, out, err } = await bench(...words, '--capacity-by', 'autocannon', '--out', path)
  assert.equal(code, 0, out + err)
  assert.match(out, /^undici .*\nsluice /m)
  const run: RunResult = JSON.parse(readFileSync(`${path}.json`, 'utf8'))
  for (const { name, version, rounds } of run.scenarios[0]?.subjects ?? []) {
    const [{ capacity, latency, memory, heap } = assert.fail('no round')] = rounds
    assert.match(version, /\d/, name)
    for (const figure of [capacity.requestsPerS, capacity.cpuUs, latency.p50, latency.p999, memory.steadyKb])
      assert.ok(figure > 0, `${name}: ${JSON.stringify(rounds)}`)
    assert.deepEqual([capacity.errors, latency.errors], [0, 0], name)
    assert.ok(heap !== null && heap.collections > 0 && heap.bytesPerRequest > 0, name)
  }
  assert.deepEqual(
    run.missing.map(({ peer, scenario }) => [peer, scenario]),
    has('kong') ? [] : [['kong', 'plain-8']],
  )
  assert.ok(existsSync(`${path}.html`))
})

test('a gate whose reference did not take part has not passed, and says why', async (t) => {
  const path = join(folderOf(t), 'result')
  const words = ['plain-8', '--peers', 'sluice', '--rounds', '1', '--seconds', '1', '--gate']
  const { code, out, err } = await bench(...words, '--capacity-by', 'autocannon', '--out', path)
  assert.notEqual(code, 0, out + err)
  assert.match(out, /not measured .*nginx/)
  assert.match(out, /^gate not passed/m)
})

test('what makes no sense is said in one line, without a run', async () => {
  assert.deepEqual(await bench('plain-9', '--rounds', '1'), {
    code: 1,
    out: '',
    err: 'bench: no scenario is named plain-9; there are plain-8, plain-64, plain-512, guarded, routes-10k, upload-16k, download-1m, slow-mix, tls-64, tls-download-1m, h2-64, tls-handshakes, websocket-64\n',
  })
})
