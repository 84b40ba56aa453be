/** The page of a run: whole, safe, and enough by itself. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { madeUpSubjects, makeUpRun } from '../../test/kit/made-up-run.ts'
import { readGates } from '../gate/gates.ts'
import { judge } from '../gate/judge.ts'
import { scenarios } from '../load/scenarios.ts'
import { htmlPage } from './html.ts'
import type { RunResult } from './result.ts'

const gates = readGates({
  path: 'bench/gates.json',
  text: readFileSync('bench/gates.json', 'utf8'),
  scenarios: scenarios.map(({ name }) => name),
})

const run = makeUpRun({ scenarios: ['plain-64', 'guarded'], requests: 3000 })

/** Throws at the first tag that is not closed where it should be. */
function checkTags(page: string): void {
  const open: string[] = []
  const bare = page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '<$1></$1>').replace(/^<!doctype html>/, '')
  for (const [tag, end, name, rest] of bare.matchAll(/<(\/?)([a-z][a-z0-9]*)([^<>]*)>/gi)) {
    if (end === '/') assert.equal(open.pop(), name, `${tag} closes what is open`)
    else if (!rest!.endsWith('/')) open.push(name!)
    assert.match(rest!, /^(?:\s+[\w:-]+="[^"<>]*")*\s*\/?$/, `attributes of ${tag}`)
  }
  assert.deepEqual(open, [])
  assert.equal(/<(?!\/?[a-z])/i.test(bare), false, 'no bare <')
}

function rename(from: string, to: string): RunResult {
  return {
    ...run,
    scenarios: run.scenarios.map((result) => ({
      ...result,
      subjects: result.subjects.map((subject) =>
        subject.name === from ? { ...subject, name: to } : subject,
      ),
    })),
  }
}

test('every tag is closed', () => {
  checkTags(htmlPage(run, judge(gates, run)))
  checkTags(htmlPage(run, null))
})

test('every subject, scenario, missing peer and broken bound is named', () => {
  const page = htmlPage(run, judge(gates, run))
  for (const { name } of madeUpSubjects) assert.ok(page.includes(`>${name} `), name)
  for (const name of ['plain-64', 'guarded']) assert.ok(page.includes(`<h2>${name}</h2>`), name)
  assert.match(page, /<b>envoy<\/b> in plain-64: not installed/)
  assert.match(page, /plain-8 was not run/)
  assert.match(page, /v0\.1\.0-12-gabcdef0/)
})

test('the page fetches nothing from elsewhere', () => {
  const page = htmlPage(run, judge(gates, run))
  assert.doesNotMatch(page, /https?:|\/\/[a-z0-9.-]+\.[a-z]+|@import|url\(|<link|<iframe|\ssrc=/i)
})

test('a name that looks like markup stays a name', () => {
  const page = htmlPage(rename('http-proxy', '<script>alert("1")</script>\'&'), null)
  checkTags(page)
  assert.equal(page.match(/<script>/g)?.length, 1)
  assert.match(page, /&lt;script&gt;alert\(&quot;1&quot;\)&lt;\/script&gt;&#39;&amp;/)
})

test('each subject has one colour in all scenarios, and ours is the same on every page', () => {
  const colourOf = (page: string): (string | undefined)[] =>
    [...page.matchAll(/<g class="(s\d)"><title>sluice<\/title>/g)].map((match) => match[1])
  const without = {
    ...run,
    scenarios: [{ ...run.scenarios[0]!, subjects: [run.scenarios[0]!.subjects[1]!] }],
  }
  const colours = new Set([...colourOf(htmlPage(run, null)), ...colourOf(htmlPage(without, null))])
  assert.deepEqual([...colours], ['s1'])
})

test('without the one that all were to be compared with there are no ratios, to nobody else either', () => {
  const without = run.scenarios.map((result) => ({ ...result, subjects: result.subjects.slice(1) }))
  const page = htmlPage({ ...run, scenarios: without }, null)
  checkTags(page)
  assert.match(page, /<p class="dim">nginx did not take part: no ratios<\/p><ul class="legend">/)
  assert.match(page, /id="guarded">[\s\S]*nginx did not take part: no ratios/)
  assert.doesNotMatch(page, /x sluice|class="overview"/)
})

test('one scenario without the reference does not change whom the others are compared with', () => {
  const [plain, guarded] = run.scenarios
  const scenarios = [{ ...plain!, subjects: plain!.subjects.slice(1) }, guarded!]
  const page = htmlPage({ ...run, scenarios }, null)
  assert.match(page, /<b>CPU a request, x nginx<\/b>/)
  assert.doesNotMatch(page, /x sluice/)
  assert.equal(page.match(/nginx did not take part: no ratios/g)?.length, 1)
})

test('the page tells where everything ran, and what that does to its percentiles', () => {
  const settings = { ...run.settings, originCores: [3], loadCores: [2, 3], workers: 1 }
  const page = htmlPage({ ...run, settings }, null)
  assert.match(page, /<dt>cores<\/dt><dd>gateway on 0; origin on 3; load on 2, 3<\/dd>/)
  assert.match(page, /<dt>origin<\/dt><dd>nginx 1\.22\.1<\/dd>/)
  assert.equal(page.match(/<p class="dim">origin and load share core 3<\/p>/g)?.length, 2)
})

test('no coordinate is missing, also of a run with one request, no rounds, no histograms or zeros', () => {
  const bare = run.scenarios.map((result) => ({
    ...result,
    subjects: result.subjects.map((subject, i) => ({
      ...subject,
      rounds: i === 2 ? [] : subject.rounds.map((round) => emptied(round)),
    })),
  }))
  const short = makeUpRun({ scenarios: ['plain-8'], requests: 1, rounds: 1 })
  for (const one of [run, short, { ...run, scenarios: bare }, { ...run, scenarios: [] }]) {
    const page = htmlPage(one, null)
    checkTags(page)
    const drawn = page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    assert.deepEqual(drawn.match(/.*(?:NaN|Infinity|undefined).*/g), null)
  }
})

function emptied(
  round: RunResult['scenarios'][0]['subjects'][0]['rounds'][0],
): RunResult['scenarios'][0]['subjects'][0]['rounds'][0] {
  return {
    capacity: { requestsPerS: 0, cpuUs: 0, used: 0, errors: 5 },
    latency: { ...round.latency, p99: 0, histogram: '' },
    memory: { steadyKb: 0, peakKb: 0 },
    stolen: 0,
    heap: null,
  }
}

test('the line of a chart is that of all rounds together', () => {
  const page = htmlPage(makeUpRun({ scenarios: ['plain-64'], requests: 2000, rounds: 5 }), null)
  const data = /data-lines="([^"]*)"/.exec(page)![1]!.replaceAll('&quot;', '"')
  const lines = JSON.parse(data) as { name: string; ms: number[] }[] // as the page's script reads it
  assert.deepEqual(
    lines.map((line) => line.name),
    madeUpSubjects.map((subject) => subject.name),
  )
  assert.equal(lines[0]!.ms.length, 101, '25 points for each of the four nines of 10,000 requests')
  assert.ok(
    lines[0]!.ms.every((ms, i) => i === 0 || ms >= lines[0]!.ms[i - 1]!),
    'it never falls',
  )
})
