/** The kit itself, with nothing between client and target: what it reports must be what happened. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { answers, echoes, freezes, sendsAndCloses, sendsAndResets } from './behaviours.ts'
import { ask, connect, get } from './raw-client.ts'
import { openTarget, type TestTarget } from './test-target.ts'

let target: TestTarget
before(async () => {
  target = await openTarget(answers())
})
after(() => target.close())

async function fresh(behave: TestTarget['behave']) {
  target.behave = behave
  target.forget()
  return connect({ port: target.port })
}

test('the recorder shows the bytes of a head as they were sent', async () => {
  const client = await fresh(answers())
  await client.send('GeT /\x80?q HTTP/1.1\r\nX-a:  b \r\n', 'x-A:\tc\r\n\r\n')
  assert.equal((await client.answer()).text, 'ok')
  assert.equal(target.last.head, 'GeT /\x80?q HTTP/1.1\r\nX-a:  b \r\nx-A:\tc\r\n\r\n')
  assert.deepEqual(target.last.all('x-a'), ['b', 'c'])
  client.destroy()
})

test('bodies in chunks and by length are told apart, with their trailers', async () => {
  const client = await fresh(echoes)
  await client.send('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-T: 1\r\n\r\n')
  assert.equal((await client.answer()).text, 'ab')
  assert.deepEqual(target.last.trailers, [['X-T', '1']])
  await client.send('POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n', 'cd')
  assert.equal((await client.answer()).text, 'cd')
  assert.equal(target.last.framing, 'length')
  assert.equal(target.calls[1]?.nth, 2)
  client.destroy()
})

test('an answer that breaks off is told from one that ends', async () => {
  const broken = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'
  const open = 'HTTP/1.1 200 OK\r\n\r\nabc'
  const cases = [
    [sendsAndCloses(broken), false],
    [sendsAndCloses(chunked), false],
    [sendsAndCloses(`${chunked}0\r\n\r\n`), true],
    [sendsAndCloses(open), true],
    [sendsAndResets(open), false],
  ] as const
  for (const [behave, whole] of cases) {
    const client = await fresh(behave)
    await client.send(get('/'))
    const answer = await client.answer()
    assert.equal(answer.text, 'abc')
    assert.equal(answer.whole, whole)
    client.destroy()
  }
})

test('a target that freezes takes no more than the kernel holds', async () => {
  const client = await fresh(freezes)
  await client.send('POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n')
  await target.arrived()
  const block = Buffer.alloc(1024 * 1024)
  for (let i = 0; i < 64; i++) client.socket.write(block)
  await client.reader.within(100)
  assert.ok(client.socket.writableLength > 32 * 1024 * 1024)
  client.destroy()
})

test('a client that hangs up half-way leaves a request that is not whole', async () => {
  const client = await fresh(echoes)
  await client.send('POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc')
  const call = await target.arrived()
  client.half()
  await call.body()
  assert.equal(call.request.whole, false)
  client.destroy()
})

test('a connection that closes without an answer is an error that says so', async () => {
  target.behave = (call) => void call.socket.end()
  await assert.rejects(ask({ port: target.port }, get('/')), /closed without an answer/)
})
