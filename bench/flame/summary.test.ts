/** What a profile says is told as shares of CPU time, by what the time was spent for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { areaOf, fileOf } from './areas.ts'
import { summarize } from './summary.ts'

function node(id: number, functionName: string, url: string, children: number[] = []) {
  return { id, callFrame: { functionName, url, lineNumber: 9 }, children }
}

const HEAD = 'file:///opt/sluice/dist/src/http1/head.js'
/** 40 µs in a function of ours, 30 in a write that another one made, 20 idle, 10 in a copy that V8 does. */
const profile = {
  nodes: [
    node(1, '(root)', '', [2, 3, 4]),
    node(2, 'parse', HEAD, [6]),
    node(3, 'flush', 'file:///opt/sluice/dist/src/socket/socket-writer.js', [5]),
    node(4, '(idle)', ''),
    node(5, 'writeBuffer', ''),
    node(6, 'set', ''),
  ],
  samples: [2, 5, 4, 6, 1],
  timeDeltas: [7, 40, 30, 20, 10],
}

const shareOf = (rows: readonly { name: string; share: number }[], name: string) =>
  rows.find((row) => row.name === name)?.share

test('a thread that waits without work has no share for it', () => {
  const { areas } = summarize(profile, 80)
  assert.equal(shareOf(areas, 'codec'), 50 / 80)
  assert.equal(shareOf(areas, 'polling and reading, with their time in the kernel'), undefined)
})

test('CPU time that V8 took for waiting is what the thread polled and read', () => {
  const { areas } = summarize(profile, 92)
  assert.equal(shareOf(areas, 'polling and reading, with their time in the kernel'), 12 / 92)
})

test('native code belongs to the function that called it, but for what sends', () => {
  const { areas, functions } = summarize(profile, 80)
  assert.equal(shareOf(areas, 'writing, with its time in the kernel'), 30 / 80)
  assert.equal(shareOf(areas, 'gathering and sending'), undefined)
  assert.equal(shareOf(functions, 'set (native)'), 10 / 80)
})

test('a line of a log that is written is not taken for an answer that is sent', () => {
  const nodes = [node(1, 'writeSync', 'node:fs', [2]), node(2, 'writeBuffer', '')]
  const { areas } = summarize({ nodes, samples: [2, 2], timeDeltas: [0, 5] }, 5)
  assert.deepEqual(
    areas.map(({ name }) => name),
    ['writing files, with its time in the kernel'],
  )
})

test('shares of all areas add up to the whole', () => {
  const { areas } = summarize(profile, 95)
  assert.ok(Math.abs(areas.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9)
})

test('a function is told with its file and the line it begins at', () => {
  assert.equal(summarize(profile, 80).functions[0]?.name, 'parse src/http1/head.js:10')
})

test('files are named from the root of the project, packages from theirs', () => {
  assert.equal(fileOf('file:///a/src/b/dist/src/flow/flow.js'), 'src/flow/flow.js')
  assert.equal(fileOf('file:///usr/lib/node_modules/sluice/dist/native-free/peer.js'), 'native-free/peer.js')
  assert.equal(fileOf('file:///a/node_modules/undici/lib/core.js'), 'undici/lib/core.js')
})

test('each plugin is an area of its own, and so is a package', () => {
  assert.equal(areaOf('file:///a/dist/src/plugins/cors/cors.js')?.name, 'plugin cors')
  assert.equal(areaOf('file:///a/dist/src/flow/router/build.js')?.name, 'router')
  assert.equal(areaOf('file:///a/node_modules/@fastify/http-proxy/index.js')?.name, '@fastify/http-proxy')
  assert.equal(areaOf('node:internal/timers')?.kind, 'JavaScript of Node')
  assert.equal(areaOf(''), null)
})
