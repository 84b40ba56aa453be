/** Streams of TCP: bytes go through as they are, both ways, and a session ends as its two sides do. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type net from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { until } from '../kit/command.ts'
import { ENGINES } from '../kit/each-engine.ts'
import { engineMissing } from '../kit/gateway.ts'
import { openStreams, PlainTarget, type StreamRig, tcpService } from '../kit/stream-rig.ts'

const BULK = 24 * 1024 * 1024
const CHUNK = randomBytes(256 * 1024)

for (const engine of ENGINES) {
  const skip = engineMissing(engine)
  describe(`tcp routes (${engine})`, skip === '' ? {} : { skip }, () => {
    let target: PlainTarget
    let rig: StreamRig
    let serve: (socket: net.Socket) => void

    before(async () => {
      target = await new PlainTarget((socket) => serve(socket)).listen()
      rig = await openStreams({ engine, config: { services: [tcpService(target.port)] } })
    })
    beforeEach(() => {
      serve = (socket) => socket.pipe(socket)
    })
    after(async () => {
      await rig.stop()
      await target.close()
    })

    test('what is sent comes back, and the log tells who, where to and how much', async () => {
      const client = await rig.connect()
      await client.send('hello')
      assert.equal((await client.reader.take(5)).toString(), 'hello')
      assert.equal(await client.half().closed(), '')
      const line = await rig.lineWith('TCP 200 5 5')
      assert.match(line, /^127\.0\.0\.1 \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\] TCP 200 5 5 \d+\.\d{3} /)
      assert.ok(line.endsWith(`route: "all" target: "127.0.0.1:${target.port}" ended_by: client`), line)
    })

    test('a target may speak first, and a client that says nothing is connected all the same', async () => {
      serve = (socket) => {
        socket.write('220 ready\r\n')
        socket.resume().on('end', () => socket.end())
      }
      const client = await rig.connect()
      assert.equal((await client.reader.take(11)).toString(), '220 ready\r\n')
      client.destroy()
    })

    test('what a client sends before there is a target is not lost', async () => {
      const client = await rig.connect()
      client.socket.write(CHUNK)
      assert.deepEqual(await client.reader.take(CHUNK.length), CHUNK)
      client.destroy()
    })

    test('a client may end its side and still read the answer to all it sent', async () => {
      const seen: Buffer[] = []
      serve = (socket) => {
        socket.on('data', (chunk: Buffer) => seen.push(chunk))
        socket.on('end', () => socket.end(`got ${Buffer.concat(seen)}`))
      }
      const client = await rig.connect()
      await client.send('all of it')
      assert.equal(await client.half().closed(), 'got all of it')
    })

    test('a target may end its side and still be sent to', async () => {
      let rest = ''
      serve = (socket) => {
        socket.end('bye')
        socket.on('data', (chunk: Buffer) => {
          rest += chunk.toString()
        })
      }
      const client = await rig.connect()
      assert.equal(await client.closed(), 'bye')
      await client.send('and this')
      client.half()
      await until('the rest has come', () => rest === 'and this')
      assert.match(await rig.lineWith('200 3 8'), /ended_by: target$/)
    })

    test('much data goes both ways at once, whole and in order', { timeout: 60_000 }, async () => {
      const sent = createHash('md5')
      const back = createHash('md5')
      const client = await rig.connect()
      const writing = (async () => {
        for (let bytes = 0; bytes < BULK; bytes += CHUNK.length) {
          sent.update(CHUNK)
          if (!client.socket.write(CHUNK))
            await new Promise((resolve) => client.socket.once('drain', resolve))
        }
        client.half()
      })()
      let count = 0
      for (let part = await client.reader.some(); part !== null; part = await client.reader.some()) {
        count += part.length
        back.update(part)
      }
      await writing
      assert.equal(count, BULK)
      assert.equal(back.digest('hex'), sent.digest('hex'))
    })

    test('a client that is reset is told to the target, and the other way round', async () => {
      let ended = false
      serve = (socket) => {
        socket.resume().on('end', () => {
          ended = true
          socket.end()
        })
      }
      const client = await rig.connect()
      await client.send('x')
      await until('the target is connected', () => target.open > 0)
      client.reset()
      await until('the target is told', () => ended)
      serve = (socket) => socket.once('data', () => socket.resetAndDestroy())
      const other = await rig.connect()
      await other.send('x')
      assert.equal(await other.closed(), '')
      assert.match(await rig.lineWith('TCP 502 0 1'), /ended_by: target fault: TARGET_RESET$/)
    })

    test('sessions are counted while they are open, and their bytes when they are over', async () => {
      const before = await rig.metric('sluice_stream_bytes_total{direction="in"}')
      const idle = async () => (await rig.metric('sluice_stream_connections')) === 0
      await until('all others are gone', idle)
      const client = await rig.connect()
      await client.send('12345')
      await client.reader.take(5)
      assert.equal(await rig.metric('sluice_stream_connections'), 1)
      await client.half().closed()
      await until('it is gone', idle)
      assert.equal(await rig.metric('sluice_stream_bytes_total{direction="in"}'), before + 5)
      assert.ok((await rig.metric('sluice_stream_connections_total')) > 1)
    })
  })
}
