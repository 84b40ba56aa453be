/** Header blocks are read as RFC 7541 says; nothing in a block makes the decoder throw, hang or grow. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { COMPRESSION_ERROR, type FieldSink, HpackDecoder, OK, TOO_LARGE } from './hpack-decoder.ts'

class Seen implements FieldSink {
  readonly fields: string[] = []

  field(bytes: Buffer, ...[nameStart, nameEnd, value, valueStart, valueEnd]: Rest): void {
    assert.ok(0 <= nameStart && nameStart <= nameEnd && nameEnd <= bytes.length)
    assert.ok(0 <= valueStart && valueStart <= valueEnd && valueEnd <= value.length)
    this.fields.push(`${bytes.latin1Slice(nameStart, nameEnd)}: ${value.latin1Slice(valueStart, valueEnd)}`)
  }
}

type Rest = [nameStart: number, nameEnd: number, value: Buffer, valueStart: number, valueEnd: number]

const LIST_MAX = 100_000

/** The fields of one block, or what was answered in their place. */
function read(decoder: HpackDecoder, block: string | Buffer, listBytesMax = LIST_MAX): string[] | number {
  const bytes = Buffer.from(
    typeof block === 'string' ? block.replaceAll(' ', '') : block.toString('hex'),
    'hex',
  )
  // Around it lies what would change the answer if it were read.
  const around = Buffer.concat([Buffer.alloc(8, 0x82), bytes, Buffer.alloc(8, 0x82)])
  const seen = new Seen()
  const answer = decoder.decode(around, 8, 8 + bytes.length, seen, listBytesMax)
  return answer === OK ? seen.fields : answer
}

function readOne(block: string, tableBytesMax = 4096): string[] | number {
  return read(new HpackDecoder(tableBytesMax), block)
}

test('the single fields of RFC 7541 Appendix C.2', () => {
  assert.deepEqual(readOne('400a637573746f6d2d6b65790d637573746f6d2d686561646572'), [
    'custom-key: custom-header',
  ])
  assert.deepEqual(readOne('040c2f73616d706c652f70617468'), [':path: /sample/path'])
  assert.deepEqual(readOne('100870617373776f726406736563726574'), ['password: secret'])
  assert.deepEqual(readOne('82'), [':method: GET'])
})

const requests = [
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
  [
    ...[':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com'],
    'custom-key: custom-value',
  ],
]

const answers = [
  [
    ...[':status: 302', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT'],
    'location: https://www.example.com',
  ],
  [
    ...[':status: 307', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT'],
    'location: https://www.example.com',
  ],
  [
    ...[':status: 200', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:22 GMT'],
    ...['location: https://www.example.com', 'content-encoding: gzip'],
    'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ],
]

const series: Readonly<
  Record<string, { size: number; fields: readonly string[][]; blocks: readonly string[] }>
> = {
  'C.3, three requests without Huffman': {
    size: 4096,
    fields: requests,
    blocks: [
      '828684410f7777772e6578616d706c652e636f6d',
      '828684be58086e6f2d6361636865',
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
    ],
  },
  'C.4, three requests with Huffman': {
    size: 4096,
    fields: requests,
    blocks: [
      '828684418cf1e3c2e5f23a6ba0ab90f4ff',
      '828684be5886a8eb10649cbf',
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    ],
  },
  'C.5, three answers without Huffman, in a table of 256 bytes that evicts': {
    size: 256,
    fields: answers,
    blocks: [
      '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54' +
        '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
      '4803333037c1c0bf',
      '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a6970' +
        '7738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b' +
        '2076657273696f6e3d31',
    ],
  },
  'C.6, three answers with Huffman, in a table of 256 bytes that evicts': {
    size: 256,
    fields: answers,
    blocks: [
      '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff' +
        '6e919d29ad171863c78f0b97c8e9ae82ae43d3',
      '4883640effc1c0bf',
      '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab' +
        '77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ],
  },
}

for (const [name, { size, fields, blocks }] of Object.entries(series))
  test(`RFC 7541 Appendix ${name}`, () => {
    const decoder = new HpackDecoder(size)
    for (const [i, block] of blocks.entries()) assert.deepEqual(read(decoder, block), fields[i])
  })

test('index 0, and an index beyond both tables, end the connection', () => {
  for (const block of ['80', 'be', 'ff00', '7e 01 61', '0f 2f 01 61', '1f 2f 01 61'])
    assert.equal(readOne(block), COMPRESSION_ERROR, block)
})

test('an integer that never ends, or is beyond all use, ends the connection', () => {
  for (const block of [
    'ff',
    'ff80',
    'ff8080808000',
    'ffffffffff7f',
    `ff${'80'.repeat(500)}00`,
    '00 7f ffffff7f',
  ])
    assert.equal(readOne(block), COMPRESSION_ERROR, block)
  assert.equal(readOne(`3f${'ff'.repeat(4)}0f`), COMPRESSION_ERROR)
})

test('a string that says it is longer than the block ends the connection', () => {
  for (const block of [
    '00',
    '0001',
    '000261',
    '000161',
    '0001610261',
    '04',
    '0402 61',
    '008161',
    '40 01 61 7f 00',
  ])
    assert.equal(readOne(block), COMPRESSION_ERROR, block)
})

test('a Huffman string with EOS or bad padding ends the connection', () => {
  for (const block of ['04 84 ffffffff', '04 81 18', '04 82 1fff', '00 81 ff 01 61'])
    assert.equal(readOne(block), COMPRESSION_ERROR, block)
  assert.deepEqual(readOne('04 81 1f'), [':path: a'])
})

test('the table’s size changes at the start of a block, twice at most and up to the limit', () => {
  assert.deepEqual(readOne('20 82'), [':method: GET'])
  assert.deepEqual(readOne('20 3fe11f 82'), [':method: GET'])
  assert.equal(readOne('20 20 20 82'), COMPRESSION_ERROR, 'three times')
  assert.equal(readOne('82 20'), COMPRESSION_ERROR, 'behind a field')
  assert.equal(readOne('3fe21f 82'), COMPRESSION_ERROR, '4097 of 4096')
  // 1337 is the integer of RFC 7541 Appendix C.1.2.
  assert.deepEqual(readOne('3f9a0a 82', 1337), [':method: GET'])
  assert.equal(readOne('3f9a0a 82', 1336), COMPRESSION_ERROR)
})

test('a size of 0 forgets all entries', () => {
  const decoder = new HpackDecoder(4096)
  assert.deepEqual(read(decoder, '40 01 61 01 62'), ['a: b'])
  assert.deepEqual(read(decoder, 'be'), ['a: b'])
  assert.deepEqual(read(decoder, '20 3fe11f 82'), [':method: GET'])
  assert.equal(read(decoder, 'be'), COMPRESSION_ERROR)
})

test('a name may come from the very entry that its field pushes out', () => {
  const decoder = new HpackDecoder(64)
  const long = '62'.repeat(20)
  assert.deepEqual(read(decoder, `40 03 616161 14 ${long}`), [`aaa: ${'b'.repeat(20)}`])
  assert.deepEqual(read(decoder, `7e 14 ${'63'.repeat(20)}`), [`aaa: ${'c'.repeat(20)}`])
  assert.deepEqual(read(decoder, 'be'), [`aaa: ${'c'.repeat(20)}`])
  assert.equal(read(decoder, 'bf'), COMPRESSION_ERROR, 'the first is gone')
})

test('a list that is too large is not told, and later blocks are read as if it had been', () => {
  const decoder = new HpackDecoder(4096)
  const seen = new Seen()
  const block = Buffer.from('4001610162 be be be', 'latin1')
  block.write('4001610162bebebe', 'hex')
  const answer = decoder.decode(block, 0, 8, seen, 2 * 34)
  assert.equal(answer, TOO_LARGE)
  assert.deepEqual(seen.fields, ['a: b', 'a: b'], 'each counts its bytes and 32')
  assert.deepEqual(read(decoder, 'be'), ['a: b'])
  assert.deepEqual(read(decoder, 'bebe', 2 * 34), ['a: b', 'a: b'], 'as much as is allowed')
})

test('a bomb of references to one large entry costs no more than its own bytes', () => {
  const decoder = new HpackDecoder(4096)
  const value = Buffer.alloc(3900, 98)
  read(decoder, Buffer.concat([Buffer.from('40 03 782d62 7f bd1d'.replaceAll(' ', ''), 'hex'), value]))
  const seen = new Seen()
  const bomb = Buffer.alloc(15_000, 0xbe)
  assert.equal(decoder.decode(bomb, 0, bomb.length, seen, 32 * 1024), TOO_LARGE)
  assert.equal(seen.fields.length, 8)
})

test('fields that must never enter a table are told as such', () => {
  const decoder = new HpackDecoder(4096)
  const secrets: boolean[] = []
  const block = Buffer.from('100161016200016101624001610162be82', 'hex')
  decoder.decode(block, 0, block.length, { field: () => secrets.push(decoder.isSecret) }, LIST_MAX)
  assert.deepEqual(secrets, [true, false, false, false, false])
})

test('any bytes are read or refused, whatever lies beside them', () => {
  const blocks = fc.array(fc.uint8Array({ maxLength: 60, size: 'max' }), { maxLength: 8, size: 'max' })
  fc.assert(
    fc.property(blocks, fc.integer({ min: 0, max: 300 }), (list, size) => {
      const [one, other] = [new HpackDecoder(size), new HpackDecoder(size)]
      for (const bytes of list) {
        const alone = Buffer.from(bytes)
        const seen = new Seen()
        const answer = one.decode(alone, 0, alone.length, seen, 500)
        assert.ok(answer === OK || answer === COMPRESSION_ERROR || answer === TOO_LARGE)
        const again = read(other, alone, 500)
        assert.deepEqual(again, answer === OK ? seen.fields : answer)
        if (answer === COMPRESSION_ERROR) return
      }
    }),
    { numRuns: 3000 },
  )
})
