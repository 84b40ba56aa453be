/** The table keeps what RFC 7541 §4 says, byte for byte, and no more memory than that takes twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DynamicTable, ENTRY_EXTRA } from './dynamic-table.ts'

function add(table: DynamicTable, name: string, value: string): void {
  const bytes = Buffer.from(name + value, 'latin1')
  if (!table.begin(bytes.length)) return
  table.addName(bytes, 0, name.length)
  table.addValue(bytes, name.length, bytes.length)
}

/** Newest first. */
function entries(table: DynamicTable): string[] {
  return Array.from({ length: table.count }, (_, age) => {
    const row = table.rowOf(age)
    const name = table.bytes.latin1Slice(table.nameStart(row), table.valueStart(row))
    return `${name}=${table.bytes.latin1Slice(table.valueStart(row), table.valueEnd(row))}`
  })
}

const text = fc.string({ maxLength: 150, size: 'max' })
const step = fc.oneof(
  { weight: 9, arbitrary: fc.record({ name: text, value: text }) },
  { weight: 1, arbitrary: fc.record({ size: fc.nat(1000) }) },
)

test('after any additions and changes of size it holds what a plain list would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const table = new DynamicTable(1000)
      let max = 1000
      let list: string[] = []
      for (const one of steps) {
        if ('size' in one) table.resize((max = one.size))
        else {
          add(table, one.name, one.value)
          list.unshift(`${one.name}=${one.value}`)
        }
        list = fitting(list, max)
        assert.deepEqual(entries(table), list)
        assert.equal(table.used, sizeOf(list))
        assert.ok(table.bytes.length <= 2000)
      }
    }),
  )
})

/** The newest that fit; an entry that does not fit alone leaves none. */
function fitting(list: readonly string[], max: number): string[] {
  const kept = [...list]
  while (sizeOf(kept) > max) kept.pop()
  return kept
}

function sizeOf(list: readonly string[]): number {
  return list.reduce((sum, entry) => sum + entry.length - 1 + ENTRY_EXTRA, 0)
}

test('a connection that indexes nothing has no memory for it, one that never stops has twice the size at most', () => {
  const table = new DynamicTable(4096)
  assert.equal(table.bytes.length, 0)
  for (let i = 0; i < 50_000; i++) add(table, 'x-id', String(i).padStart(1 + (i % 400), '0'))
  assert.ok(table.bytes.length <= 2 * 4096, `${table.bytes.length}`)
  assert.ok(table.used <= 4096)
})
