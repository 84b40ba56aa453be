/** Signatures as the standards' own examples and another implementation make them, and by no other algorithm. */
import assert from 'node:assert/strict'
import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { compactVerify, SignJWT } from 'jose'
import { Token } from './token.ts'
import { ALGORITHMS, type Algorithm, makeVerifier } from './verifier.ts'

const PAYLOAD =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'

interface Vector {
  readonly algorithm: Algorithm
  readonly key: KeyObject
  readonly token: string
}

const jwk = (key: object): KeyObject => createPublicKey({ format: 'jwk', key } as never)

const VECTORS: Record<string, Vector> = {
  'RFC 7515 A.1': {
    algorithm: 'HS256',
    key: createSecretKey(
      'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
      'base64url',
    ),
    token: `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`,
  },
  'RFC 7515 A.2': {
    algorithm: 'RS256',
    key: jwk({
      kty: 'RSA',
      e: 'AQAB',
      n:
        'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwO' +
        'WvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9' +
        'kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
    }),
    token:
      `eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}.` +
      'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4' +
      'BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv' +
      'hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
  },
  'RFC 7515 A.3': {
    algorithm: 'ES256',
    key: jwk({
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    }),
    token: `eyJhbGciOiJFUzI1NiJ9.${PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
  },
  'RFC 8037 A.4': {
    algorithm: 'EdDSA',
    key: jwk({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }),
    token:
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.' +
      'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
  },
}

function verifies({ algorithm, key, token }: Vector): boolean {
  const dot = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(dot + 1), 'base64url')
  return makeVerifier(algorithm, key)!.verify(Buffer.from(token.slice(0, dot)), signature)
}

for (const [name, vector] of Object.entries(VECTORS))
  test(`the example of ${name} holds, and not with a byte changed`, () => {
    assert.equal(verifies(vector), true)
    assert.equal(verifies({ ...vector, token: vector.token.replace('.', '.x') }), false)
  })

interface Pair {
  readonly sign: KeyObject
  readonly verify: KeyObject
}

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pairs = new Map<Algorithm, Pair>(ALGORITHMS.map((algorithm) => [algorithm, makePair(algorithm)]))

function makePair(algorithm: Algorithm): Pair {
  if (algorithm.startsWith('HS')) {
    const key = createSecretKey(Buffer.alloc(64, algorithm))
    return { sign: key, verify: key }
  }
  const made = pairOf(algorithm)
  return { sign: made.privateKey, verify: made.publicKey }
}

function pairOf(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519')
  if (!algorithm.startsWith('ES')) return RSA
  const namedCurve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[String(algorithm)]!
  return generateKeyPairSync('ec', { namedCurve })
}

async function signed(algorithm: Algorithm): Promise<string> {
  return await new SignJWT({ iss: 'a' })
    .setProtectedHeader({ alg: algorithm })
    .sign(pairs.get(algorithm)!.sign)
}

/** Whether each of two judges takes it. */
async function judge(token: string, algorithm: Algorithm): Promise<[own: boolean, other: boolean]> {
  const key = pairs.get(algorithm)!.verify
  const other = await compactVerify(token, key, { algorithms: [algorithm] }).then(
    () => true,
    () => false,
  )
  const bytes = Buffer.from(token, 'latin1')
  const parts = new Token()
  const isRead = parts.read(bytes, 0, bytes.length) === '' && parts.algorithm === algorithm
  return [isRead && makeVerifier(algorithm, key)!.verify(parts.signed, parts.signature), other]
}

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: what another implementation signs holds, and nothing with one byte changed`, async () => {
    const token = await signed(algorithm)
    assert.deepEqual(await judge(token, algorithm), [true, true])
    for (let at = 0; at < token.length; at++) {
      const char = token[at] === 'A' ? 'B' : 'A'
      const [own, other] = await judge(`${token.slice(0, at)}${char}${token.slice(at + 1)}`, algorithm)
      assert.equal(own, false, `byte ${at}`)
      // It takes a last character whose spare bits are not 0; we do not.
      if (at < token.length - 1) assert.equal(other, false)
    }
    for (const cut of [token.slice(0, -1), token.slice(0, token.lastIndexOf('.') + 1), `${token}A`])
      assert.equal((await judge(cut, algorithm))[0], false)
  })

  test(`${algorithm}: a signature by another algorithm or of another key is refused`, async () => {
    const key = pairs.get(algorithm)!.verify
    for (const other of ALGORITHMS) {
      if (other === algorithm) continue
      const verifier = makeVerifier(other, key)
      const token = await signed(algorithm)
      const dot = token.lastIndexOf('.')
      const signature = Buffer.from(token.slice(dot + 1), 'base64url')
      assert.notEqual(verifier?.verify(Buffer.from(token.slice(0, dot)), signature), true, other)
    }
    const stranger = algorithm.startsWith('HS') ? createSecretKey(Buffer.from('other')) : fresh(algorithm)
    const token = await signed(algorithm)
    assert.equal(verifies({ algorithm, key: stranger, token }), false)
  })
}

function fresh(algorithm: Algorithm): KeyObject {
  if (/^[RP]S/.test(algorithm)) return generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  return pairOf(algorithm).publicKey
}

test('a key is not taken for what it is not for: no public key as a secret, no curve as another', () => {
  for (const algorithm of ALGORITHMS)
    for (const [other, { verify: key }] of pairs) {
      const isOne = makeVerifier(algorithm, key) !== null
      const family = (name: string) =>
        /^(?:HS|RS|PS)/.test(name) ? name.slice(0, 2).replace('PS', 'RS') : name
      assert.equal(isOne, family(algorithm) === family(other), `${algorithm} with a key for ${other}`)
    }
  assert.equal(makeVerifier('HS256', createSecretKey(Buffer.alloc(0))), null)
  assert.equal(makeVerifier('RS256', RSA.privateKey), null)
})
