/** Hashes as text: what is read back, what is refused, and that the check tells a right password from a wrong one. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkScrypt, makeScrypt } from './check-scrypt.ts'
import { COST, formatScrypt, isScrypt, parseScrypt, scryptProblem, workOf } from './scrypt-hash.ts'

/** RFC 7914 §12: password "pleaseletmein", salt "SodiumChloride". */
const RFC = '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$'.concat(
  'cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw',
)

test('the vector of RFC 7914 is right, and another password is not', () => {
  const known = parseScrypt(RFC)
  assert.ok(known !== null)
  assert.equal(checkScrypt({ password: Buffer.from('pleaseletmein'), known }), true)
  assert.equal(checkScrypt({ password: Buffer.from('pleaseletmeio'), known }), false)
})

test('what is made of a password is told from that of another, and never twice the same', () => {
  const cost = { ln: 2, r: 1, p: 1 }
  // HMAC fills a short key up with zeros (RFC 2104 §2): passwords that differ by those at their end alone are the same.
  const password = fc.uint8Array({ maxLength: 40 }).filter((bytes) => bytes.at(-1) !== 0)
  fc.assert(
    fc.property(password, password, (one, other) => {
      const known = parseScrypt(makeScrypt(one, randomBytes, cost))
      assert.ok(known !== null)
      assert.equal(checkScrypt({ password: one, known }), true)
      const isSame = Buffer.compare(one, other) === 0
      assert.equal(checkScrypt({ password: other, known }), isSame)
    }),
    { numRuns: 30 },
  )
  assert.notEqual(
    makeScrypt(Buffer.from('a'), randomBytes, cost),
    makeScrypt(Buffer.from('a'), randomBytes, cost),
  )
})

test('any hash within the bounds is read back as it was written', () => {
  const bytes = (minLength: number) => fc.uint8Array({ minLength, maxLength: 64 })
  const hash = fc.record({
    ln: fc.integer({ min: 1, max: 13 }),
    r: fc.constantFrom(1, 8, 16),
    p: fc.nat(7),
    salt: bytes(8),
    hash: bytes(16),
  })
  fc.assert(
    fc.property(hash, (made) => {
      const written = formatScrypt({ ...made, p: made.p + 1 })
      const read = parseScrypt(written)
      assert.ok(read !== null && isScrypt(written))
      assert.equal(formatScrypt(read), written)
    }),
  )
})

for (const [what, text] of [
  ['nothing behind the name', '$scrypt$'],
  ['no cost', RFC.replace('ln=14,r=8,p=1$', '')],
  ['another order', RFC.replace('ln=14,r=8', 'r=8,ln=14')],
  ['a cost of zero', RFC.replace('p=1', 'p=0')],
  ['more memory than is given', RFC.replace('ln=14', 'ln=18')],
  ['more time than is given', RFC.replace('p=1', 'p=9')],
  ['a huge cost', RFC.replace('p=1', 'p=99999')],
  ['a short salt', RFC.replace('U29kaXVtQ2hsb3JpZGU', 'U29k')],
  ['a short hash', RFC.replace(/[^$]*$/, 'U29k')],
  ['no base64', RFC.replace('U29k', 'U2-k')],
  ['more behind it', `${RFC}$x`],
] as const) {
  test(`a hash with ${what} is refused when it is loaded`, () => {
    assert.equal(parseScrypt(text), null)
    assert.match(scryptProblem(text) ?? '', /sluice hash-password/)
  })
}

test('a password that is none of these is any text', () => {
  for (const text of ['', 'plain', '$2b$10$abc', 'scrypt$', '$SCRYPT$'])
    assert.equal(scryptProblem(text), null)
  assert.equal(scryptProblem(RFC), null)
})

test('what the command makes costs what OWASP asks for at least, and is within the bounds', () => {
  assert.ok(workOf(COST) >= 2 ** 14 * 8 * 5)
  assert.ok(parseScrypt(makeScrypt(Buffer.from('a'), randomBytes)) !== null)
})
