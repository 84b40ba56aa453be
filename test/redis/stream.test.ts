/**
 * A real client and a real server through stream routes: redis-cli and Redis, plain, over TLS ended here, and passed
 * through.
 *
 * NEEDS redis-server, redis-cli, openssl
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { makeCertificates, openRedis, type RedisServer } from '../kit/redis-server.ts'
import { openStreams, type StreamRig, tcpService } from '../kit/stream-rig.ts'

const run = promisify(execFile)
let plain: RedisServer
let secure: RedisServer
let rig: StreamRig

before(async () => {
  plain = await openRedis()
  const tls = await makeCertificates(plain.folder, 'redis.test')
  secure = await openRedis({ tls })
  const passes = { name: 'passes', protocols: ['tls_passthrough'], snis: ['redis.test'] }
  const ends = { name: 'ends', protocols: ['tls'], snis: ['ended.test'] }
  rig = await openStreams({
    config: {
      services: [
        tcpService(plain.port),
        { ...tcpService(secure.port), name: 'secure', routes: [passes] },
        { ...tcpService(plain.port), name: 'ended', routes: [ends] },
      ],
      certificates: [
        {
          cert: readFileSync(tls.certificate, 'utf8'),
          key: readFileSync(tls.key, 'utf8'),
          snis: [{ name: 'ended.test' }],
        },
      ],
    },
  })
})
after(async () => {
  await rig.stop()
  await plain.close()
  await secure.close()
})

async function redis(port: number, ...words: string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-h', '127.0.0.1', '-p', `${port}`, ...words], {
    timeout: 20_000,
  })
  return stdout.trim()
}

const overTls = (name: string) => ['--tls', '--insecure', '--sni', name]

test('PING goes through a tcp route', async () => {
  assert.equal(await redis(rig.port, 'PING'), 'PONG')
})

test('values of a few bytes and of megabytes come back as they were set', async () => {
  assert.equal(await redis(rig.port, 'SET', 'small', 'value'), 'OK')
  assert.equal(await redis(rig.port, 'GET', 'small'), 'value')
  assert.equal(
    await redis(rig.port, 'EVAL', "redis.call('set', 'big', string.rep('x', 8000000)) return 1", '0'),
    '1',
  )
  const { stdout } = await run('redis-cli', ['-h', '127.0.0.1', '-p', `${rig.port}`, 'GET', 'big'], {
    maxBuffer: 16_000_000,
  })
  assert.equal(stdout.trim().length, 8_000_000)
})

test('many commands sent at once are answered in their order', async () => {
  const client = await rig.connect()
  const count = 20_000
  client.socket.write(Array.from({ length: count }, (_, i) => `ECHO ${i}\r\n`).join(''))
  const expected = Array.from({ length: count }, (_, i) => `$${String(i).length}\r\n${i}\r\n`).join('')
  assert.equal((await client.reader.take(expected.length)).toString(), expected)
  client.destroy()
})

test('TLS ends here for one name, and is passed through to the server for another', async () => {
  assert.equal(await redis(rig.securePort, ...overTls('ended.test'), 'PING'), 'PONG')
  assert.equal(await redis(rig.securePort, ...overTls('redis.test'), 'PING'), 'PONG')
  assert.match(await rig.lineWith('route: "ends"'), new RegExp(`target: "127.0.0.1:${plain.port}"`))
  assert.match(await rig.lineWith('route: "passes"'), new RegExp(`target: "127.0.0.1:${secure.port}"`))
})
