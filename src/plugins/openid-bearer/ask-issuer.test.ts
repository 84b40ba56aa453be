/** Answers of an issuer are bounded in size and time, and only a JSON object counts. */
import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { makeHost } from '../../../test/kit/plugin-host.ts'
import { makeAsk } from './ask-issuer.ts'

const servers: Server[] = []
after(() => {
  for (const server of servers) server.close().closeAllConnections()
})

async function open(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` // it listens on TCP
}

const NO_FORM = { form: null, authorization: null, limitMs: 5000, verifiesTls: true }

async function ask(listener: RequestListener): Promise<unknown> {
  return await makeAsk(makeHost())({ url: await open(listener), ...NO_FORM })
}

test('a JSON object is the answer', async () => {
  assert.deepEqual(await ask((_, response) => response.end('{"keys":[]}')), { keys: [] })
})

test('what is no JSON object, or comes with another status, is an error that names the URL', async () => {
  for (const [body, status, reason] of [
    ['[]', 200, /\/keys: the answer is no JSON object$/],
    ['<html>', 200, /no JSON object/],
    ['{"a":1,"a":2}', 200, /no JSON object/],
    ['{}', 404, /\/keys: it answered 404$/],
  ] as const)
    await assert.rejects(
      ask((_, response) => response.writeHead(status).end(body)),
      reason,
    )
})

test('a redirect is not followed', async () => {
  let asked = 0
  const listener: RequestListener = (_, response) => {
    asked++
    response.writeHead(302, { location: '/other' }).end()
  }
  await assert.rejects(ask(listener), /it answered 302/)
  assert.equal(asked, 1)
})

test('an answer without end is given up', async () => {
  const listener: RequestListener = (_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65536)));
    }
    response.on('drain', more)
    more()
  }
  await assert.rejects(ask(listener), /has more than 524288 bytes/)
})

test('an answer that does not come is given up at its time, and so is one that stops', async () => {
  for (const start of [false, true]) {
    const machine = makeHost({
      later: (ms, callback) => {
        assert.equal(ms, 5000)
        fire = callback
        return () => {}
      },
    })
    let fire = (): void => {}
    const url = await open((_, response) => {
      if (start) response.write('{')
      fire()
    })
    await assert.rejects(makeAsk(machine)({ url, ...NO_FORM }), /\/keys: no answer within 5000 ms/)
  }
})

test('nobody there is an error too', async () => {
  const url = await open(() => {})
  const server = servers.pop()!
  await new Promise((done) => server.close(done))
  await assert.rejects(makeAsk(makeHost())({ url, ...NO_FORM }), /\/keys: .*ECONNREFUSED/)
})
