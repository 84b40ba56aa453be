/** docs/faults.md and the table of faults say the same, code by code. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultList } from '../../src/base/faults.ts'
import { read } from './tree.ts'

interface Section {
  readonly code: string
  readonly body: string
}

function sections(): Section[] {
  const parts = read('docs/faults.md').split(/^### /m).slice(1)
  return parts.map((part) => {
    const end = part.indexOf('\n')
    return { code: part.slice(0, end).trim(), body: part.slice(end + 1) }
  })
}

test('docs/faults.md has one section for each fault, in the order of the table, and none besides', () => {
  const expected = faultList.map((fault) => fault.code).filter((code) => code !== 'NONE')
  const written = sections().map((section) => section.code)
  assert.deepEqual([...written].sort(), [...expected].sort())
})

test('each section tells the status, who is to blame, whether it is tried again, and what to do', () => {
  const byCode = new Map(sections().map((section) => [section.code, section.body]))
  for (const fault of faultList) {
    if (fault.code === 'NONE') continue
    const body = byCode.get(fault.code) ?? ''
    const facts = `Status ${fault.status} · blame ${fault.blame} · retry ${fault.retry} · connection ${
      fault.closes ? 'closes' : 'stays'
    }`
    assert.ok(body.includes(facts), `docs/faults.md, ${fault.code}: expected the line\n${facts}`)
    assert.match(body, /^\*\*What to do:\*\* \S.{20,}/m, `docs/faults.md, ${fault.code}: what is to be done?`)
  }
})

test('no code is used twice and each id is its row', () => {
  assert.equal(new Set(faultList.map((fault) => fault.code)).size, faultList.length)
  assert.deepEqual(
    faultList.map((fault) => fault.id),
    faultList.map((_, row) => row),
  )
})
