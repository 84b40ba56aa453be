/** Every metric is in docs/metrics.md, with its kind; and what stands there exists. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageRoot } from '../../src/boot/machine.ts'
import { openGateway } from '../kit/gateway.ts'
import { kongYml } from '../kit/kong-config.ts'
import { scrape } from '../kit/metrics.ts'
import { sources } from '../tidy/tree.ts'

const FLAGS = { status_code_metrics: true, latency_metrics: true, bandwidth_metrics: true }
const CONFIG = kongYml({
  routes: [{ name: 'all', paths: ['/'] }],
  upstreams: [
    { name: 'pool', targets: [{ target: '127.0.0.1:9' }], circuit_breaker: {}, outlier_detection: {} },
  ],
  plugins: [
    { name: 'request-termination', config: { status_code: 200 } },
    { name: 'prometheus', config: FLAGS },
  ],
})

/** Names and kinds as the tables have them: several of each may share a line. */
function readDocs(): Map<string, string> {
  const found = new Map<string, string>()
  const text = readFileSync(join(packageRoot(), 'docs/metrics.md'), 'utf8')
  for (const [, names = '', kinds = ''] of text.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| ([\w, ]+) \|/gm)) {
    const list = kinds.split(', ')
    for (const [i, name] of names.replaceAll('`', '').split(', ').entries()) {
      assert.ok(!found.has(name), `${name} stands there twice`)
      found.set(name, list[i] ?? list[0]!)
    }
  }
  return found
}

test('docs/metrics.md has every metric that a gateway shows, with its kind', async () => {
  const docs = readDocs()
  const gateway = await openGateway({ config: CONFIG })
  try {
    await (await fetch(`http://127.0.0.1:${gateway.port}/`)).text()
    const text = await scrape(gateway)
    const shown = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)]
    assert.ok(shown.length > 50)
    for (const [, name = '', kind = ''] of shown) assert.equal(docs.get(name), kind, name)
    const names = shown.map(([, name]) => name)
    assert.equal(new Set(names).size, names.length, 'each is described once')
  } finally {
    await gateway.stop()
  }
})

test('what docs/metrics.md speaks of is in the code', () => {
  const code = sources({ tests: false })
    .filter((path) => path.startsWith('src/'))
    .map((path) => readFileSync(join(packageRoot(), path), 'utf8'))
    .join('\n')
  for (const name of readDocs().keys()) {
    const isThere = [name, name.replace(/^sluice_/, '')].some((each) => code.includes(`'${each}'`))
    assert.ok(isThere, `${name} is in no file`)
  }
})
