/** What a target can do to a proxy, each by name: well-behaved, early, late, short, false and rude. */
import { once } from 'node:events'
import type { Behaviour, Call } from './test-target.ts'

/** The bytes of an answer with a Content-Length. */
export function reply(body: string, lines: readonly string[] = [], status = '200 OK'): string {
  const head = [`HTTP/1.1 ${status}`, ...lines, `Content-Length: ${Buffer.byteLength(body, 'latin1')}`]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** Waits for the whole request, then answers. */
export function answers(body = 'ok', lines: readonly string[] = [], status = '200 OK'): Behaviour {
  return sends(reply(body, lines, status))
}

/** Waits for the whole request, then sends these bytes as they are, each piece by itself. */
export function sends(...pieces: readonly string[]): Behaviour {
  return async (call) => {
    await call.body()
    for (const piece of pieces) {
      call.send(piece)
      if (pieces.length > 1) await pause(5)
    }
  }
}

/** Sends these bytes after the request and closes. */
export function sendsAndCloses(...pieces: readonly string[]): Behaviour {
  return async (call) => {
    await sends(...pieces)(call)
    call.socket.end()
  }
}

/** Sends these bytes after the request and cuts the connection with RST. */
export function sendsAndResets(bytes: string): Behaviour {
  return async (call) => {
    await call.body()
    await new Promise<void>((resolve) => call.socket.write(bytes, 'latin1', () => resolve()))
    await pause(30)
    call.socket.resetAndDestroy()
  }
}

export const echoes: Behaviour = async (call) => {
  const body = await call.body()
  call.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`)
  call.send(body)
}

/** Answers as soon as the head is here and never reads the body. */
export function answersEarly(body: string, status = '413 Payload Too Large'): Behaviour {
  return (call) => {
    call.send(reply(body, ['Connection: close'], status))
    call.socket.end()
    return forever(call)
  }
}

/** Reads the head, then neither reads nor answers. */
export const freezes: Behaviour = (call) => forever(call)

/** Takes the whole request and says nothing. */
export const neverAnswers: Behaviour = async (call) => {
  await call.body()
  await call.reader.rest()
  call.socket.destroy()
}

export const closesUnanswered: Behaviour = async (call) => {
  await call.body()
  call.socket.end()
}

export const resetsUnanswered: Behaviour = async (call) => {
  await call.body()
  call.socket.resetAndDestroy()
}

/** Good for one request a connection: the second one finds it closing, as an idle time-out does in real life. */
export function diesIdle(body = 'ok'): Behaviour {
  return async (call) => {
    await call.body()
    if (call.nth > 1) call.socket.resetAndDestroy()
    else call.send(reply(body))
  }
}

/** Sends `bytes` one at a time. */
export function drips(bytes: string, everyMs: number): Behaviour {
  return async (call) => {
    await call.body()
    for (const byte of bytes) {
      if (call.socket.destroyed) return
      call.send(byte)
      await pause(everyMs)
    }
  }
}

/** A body of `count` bytes, as fast as the gateway takes it. */
export function pours(count: number): Behaviour {
  return async (call) => {
    await call.body()
    call.send(`HTTP/1.1 200 OK\r\nContent-Length: ${count}\r\n\r\n`)
    await pour(call, count)
  }
}

const BLOCK = Buffer.alloc(64 * 1024, 'abcdefghijklmnop')

async function pour(call: Call, count: number): Promise<void> {
  for (let left = count; left > 0 && !call.socket.destroyed; left -= BLOCK.length) {
    const block = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
    if (!call.socket.write(block))
      await Promise.race([once(call.socket, 'drain'), once(call.socket, 'close')])
  }
}

/** Until the connection is gone. The reader is left alone, so what the gateway sends piles up. */
function forever(call: Call): Promise<void> {
  return new Promise((resolve) => {
    if (call.socket.destroyed) resolve()
    else call.socket.once('close', () => resolve())
  })
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
