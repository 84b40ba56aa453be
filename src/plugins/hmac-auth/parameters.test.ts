/** What an hmac field says, and that nothing else is taken for one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NAMES_MAX, parseParameters } from './parameters.ts'

const inQuotes = fc.stringMatching(/^[^"\n\r]{1,20}$/)
const name = fc.stringMatching(/^[a-zA-Z@-]{1,10}$/)
const spaces = fc.constantFrom('', ' ', '  ', '\t')

test('what is written in the one form is read back, whatever the values', () => {
  const headers = fc.array(name, { minLength: 1, maxLength: NAMES_MAX })
  fc.assert(
    fc.property(
      inQuotes,
      inQuotes,
      headers,
      inQuotes,
      spaces,
      (username, algorithm, list, signature, space) => {
        const rest = [`algorithm="${algorithm}"`, `headers="${list.join(' ')}"`, `signature="${signature}"`]
        const text = [`hmac${space}username="${username}"`, ...rest].join(`,${space}`)
        assert.deepEqual(parseParameters(text), { username, algorithm, headers: list, signature })
      },
    ),
  )
})

const GOOD = 'hmac username="jo", algorithm="hmac-sha256", headers="date", signature="c2ln"'

for (const [what, text] of [
  ['another scheme', GOOD.replace('hmac ', 'Basic ')],
  ['no scheme', GOOD.slice(5)],
  ['another order', 'hmac algorithm="a", username="jo", headers="date", signature="c2ln"'],
  ['no signature', GOOD.slice(0, GOOD.indexOf(', sig'))],
  ['an empty user name', GOOD.replace('"jo"', '""')],
  ['no headers', GOOD.replace('"date"', '""')],
  ['two spaces between headers', GOOD.replace('"date"', '"date  host"')],
  ['more behind it', `${GOOD}, nonce="1"`],
  ['another one before it', `Basic YTpi, ${GOOD}`],
  ['too many headers', GOOD.replace('"date"', `"${'a '.repeat(NAMES_MAX)}b"`)],
  ['nothing', ''],
] as const) {
  test(`${what} is no hmac field`, () => {
    assert.equal(parseParameters(text), null)
  })
}

test('no text makes it throw, and what it reads has its values in the text', () => {
  const part = fc.constantFrom(
    'hmac ',
    'username="',
    'algorithm="',
    'headers="',
    'signature="',
    '", ',
    '"',
    'jo',
    ' ',
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(part).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(text, (value) => {
      const said = parseParameters(value)
      if (said === null) return
      for (const each of [said.username, said.algorithm, said.signature])
        assert.ok(value.includes(`"${each}"`))
    }),
  )
})
