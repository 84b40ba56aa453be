/** Every micro bench still runs, and each of its cases has a figure. How large it is nobody asks here. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { benches } from '../../bench/micro/all.ts'
import { measureGroup } from '../../bench/micro/frame/measure.ts'

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bench', 'micro')
/** One that takes longer hangs. */
const START_MS = 60_000
const QUICK = { rounds: 1, batchMs: 1, only: [], quick: true }

test('every bench in the folder is one of those that are run', () => {
  const all = readdirSync(folder, { encoding: 'utf8', recursive: true }).map((path) => basename(path))
  const files = all.filter((name) => /\.bench\.[jt]s$/.test(name))
  assert.deepEqual(
    benches.map((bench) => bench.name).sort(),
    files.map((name) => name.replace(/\.bench\.[jt]s$/, '')).sort(),
  )
})

for (const bench of benches)
  test(`${bench.name} runs, and every case has its figure`, async () => {
    for (const group of bench.groups) {
      const { cases } = await measureGroup(group, QUICK, () => {})
      assert.ok(cases.length > 0, group.name)
      for (const one of cases) {
        const figures = [one.ns.median, one.ratio, one.moreNs, one.allocated?.heap ?? 0]
        assert.ok(
          figures.every(Number.isFinite) && one.ns.median > 0,
          `${group.name}, ${one.name}: ${figures}`,
        )
      }
    }
  })

test('a bench can be started alone, in part and with JSON for an answer', () => {
  const { status, stdout, stderr } = start('fingerprint.bench.js', '--quick', '--json', '--only', 'address')
  assert.equal(status, 0, stderr)
  const { format, machine, benches: found } = JSON.parse(stdout)
  assert.equal(format, 1)
  assert.equal(machine.node, process.version)
  assert.deepEqual(
    found.map((bench: { name: string; groups: { name: string }[] }) => [bench.name, bench.groups.length]),
    [['fingerprint', 1]],
  )
})

test('all can be started at once, and words that mean nothing are refused', () => {
  const all = start('main.js', '--quick', '--only', 'an address', '--only', 'response head, 0.4')
  assert.equal(all.status, 0, all.stderr)
  assert.match(all.stdout, /codec: [\s\S]*fingerprint: /)
  assert.equal(start('main.js', '--only', 'nothing is named so').status, 2)
  assert.equal(start('main.js', '--rounds', 'many').status, 2)
  assert.match(start('main.js', '--round', '3').stderr, /--rounds N/)
})

function start(file: string, ...words: string[]) {
  return spawnSync(process.execPath, [join(folder, file), ...words], { encoding: 'utf8', timeout: START_MS })
}
