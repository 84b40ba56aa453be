/** Dates of HTTP: what Node writes is read, and nothing else is taken for one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseHttpDate } from './http-date.ts'

const NOW = Date.UTC(2026, 5, 1) / 1000
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const LAST = Date.UTC(9999, 11, 31) / 1000

test('any second between 1970 and 9999 is read as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LAST }), (second) => {
      assert.equal(parseHttpDate(fixed(second), NOW), second)
      assert.equal(parseHttpDate(asctime(second), NOW), second)
    }),
  )
})

test('a year of two digits is the one within fifty years', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(1977) / 1000, max: Date.UTC(2076) / 1000 }), (second) => {
      assert.equal(parseHttpDate(old(second), NOW), second)
    }),
  )
})

for (const text of [
  '',
  'yesterday',
  '1700000000',
  '2026-06-01T00:00:00Z',
  'Mon, 01 Jun 2026 00:00:00',
  'Mon, 01 Jun 2026 00:00:00 CET',
  'Mon, 01 Jun 2026 24:00:00 GMT',
  'Mon, 01 Jun 2026 00:60:00 GMT',
  'Mon, 31 Jun 2026 00:00:00 GMT',
  'Mon, 29 Feb 2026 00:00:00 GMT',
  'Mon, 00 Jun 2026 00:00:00 GMT',
  'Mon, 01 Jin 2026 00:00:00 GMT',
  'Mon, 01 Jun 1969 00:00:00 GMT',
  'Mon, 1 Jun 2026 00:00:00 GMT',
  'Mon, 01 Jun 2026 00:00:00 GMT ',
  ', 01 Jun 2026 00:00:00 GMT',
]) {
  test(`"${text}" is no date`, () => {
    assert.ok(Number.isNaN(parseHttpDate(text, NOW)))
  })
}

test('what one changed character makes of a date is no date, or another one that Date reads alike', () => {
  const second = fc.integer({ min: 0, max: LAST })
  fc.assert(
    fc.property(second, fc.nat(28), fc.string({ minLength: 1, maxLength: 1 }), (at, place, char) => {
      const text = fixed(at)
      const changed = text.slice(0, place) + char + text.slice(place + 1)
      const read = parseHttpDate(changed, NOW)
      // The name of the day is not looked at, and 60 is a leap second to us and nothing to Date.
      if (Number.isNaN(read) || place < 4 || changed.slice(23, 25) === '60') return
      assert.equal(read, Date.parse(changed) / 1000, changed)
    }),
  )
})

function fixed(second: number): string {
  return new Date(second * 1000).toUTCString()
}

function old(second: number): string {
  const text = fixed(second)
  const day = DAYS[new Date(second * 1000).getUTCDay()]
  return `${day}, ${text.slice(5, 7)}-${text.slice(8, 11)}-${text.slice(14, 16)} ${text.slice(17)}`
}

function asctime(second: number): string {
  const text = fixed(second)
  const day = text.slice(5, 7).replace(/^0/, ' ')
  return `${text.slice(0, 3)} ${text.slice(8, 11)} ${day} ${text.slice(17, 25)} ${text.slice(12, 16)}`
}
