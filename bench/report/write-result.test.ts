/** A run is kept whole, and what is no run is refused with a reason. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { makeUpRun } from '../../test/kit/made-up-run.ts'
import { mergeHistograms } from './merged-histogram.ts'
import { nameOfRun, readResult, writeWhole } from './write-result.ts'

const folder = mkdtempSync(join(tmpdir(), 'bench-results-'))
after(() => rmSync(folder, { recursive: true }))

const run = makeUpRun({ scenarios: ['plain-8'], requests: 1000, rounds: 3 })

test('a run that was written is read as it was, histograms too, and no draft is left', () => {
  const path = join(folder, 'new', `${nameOfRun(run)}.json`)
  writeWhole(path, JSON.stringify(run))
  assert.equal(basename(path), '2026-01-02-0304-v0.1.0-12-gabcdef0.json')
  assert.deepEqual(readResult(path), run)
  assert.deepEqual(readdirSync(join(folder, 'new')), [basename(path)])
  const histogram = mergeHistograms(readResult(path).scenarios[0]!.subjects[0]!)
  assert.equal(histogram?.totalCount, 3000)
})

test('a run of before there was a reference is read with its first subject as one', () => {
  const { reference: _, ...old } = run
  const { originCores: _cores, origin: _origin, workers: _workers, ...settings } = run.settings
  const path = join(folder, 'old.json')
  writeWhole(path, JSON.stringify({ ...old, settings }))
  const read = readResult(path)
  assert.deepEqual([read.reference, read.settings.originCores, read.settings.workers], ['nginx', [], 1])
})

test("a commit's name can't lead out of the folder", () => {
  assert.equal(
    nameOfRun({ ...run, machine: { ...run.machine, commit: '../../etc/x' } }),
    '2026-01-02-0304-.._.._etc_x',
  )
})

test('what is no result of the bench is refused with the reason', () => {
  const cases: [text: string, why: RegExp][] = [
    ['{', /x\.json: not JSON/],
    ['null', /x\.json: not a result/],
    ['{"format":2}', /x\.json: format 2 is not known/],
    ['{"format":1}', /x\.json: it has no scenarios/],
  ]
  const path = join(folder, 'x.json')
  for (const [text, why] of cases) {
    writeFileSync(path, text)
    assert.throws(() => readResult(path), why)
  }
})
