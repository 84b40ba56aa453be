/** stalling-server — a thread whose server answers at once, but stops dead for two seconds out of every ten. */
import http2 from 'node:http2'
import net, { type AddressInfo, type Socket } from 'node:net'
import tls from 'node:tls'
import { parentPort, workerData } from 'node:worker_threads'

/** What the thread is started with. */
export interface StallingServer {
  readonly speaks: 'http' | 'tls' | 'h2'
  /** In PEM. */
  readonly cert: string
  readonly key: string
}

const PERIOD_MS = 10_000
const STALL_MS = 2000

const cell = new Int32Array(new SharedArrayBuffer(4))
const { speaks, ...certificate } = workerData as StallingServer // as the test has started it
// Whatever comes in one read is one request: those of the tests are small, and few turns of the loop make short delays.
const answer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')

function serve(socket: Socket): void {
  socket.on('error', () => {}) // the client went away
  socket.on('data', () => socket.write(answer))
}

function makeServer(): net.Server {
  if (speaks === 'http') return net.createServer({ noDelay: true }, serve)
  if (speaks === 'tls') return tls.createServer({ ...certificate, noDelay: true }, serve)
  const server = http2.createSecureServer(certificate)
  server.on('stream', (stream) => {
    stream.on('error', () => {}) // the client went away
    stream.respond()
    stream.end('ok')
  })
  return server
}

/** By the clock and not by the last stall's end, so that whole periods have the same share of it. */
function stallAt(fromMs: number): void {
  const sleep = (): void => {
    Atomics.wait(cell, 0, 0, Math.max(0, fromMs + STALL_MS - performance.now()))
    stallAt(fromMs + PERIOD_MS)
  }
  setTimeout(sleep, fromMs - performance.now())
}

const server = makeServer()
server.listen(0, '127.0.0.1', () => {
  stallAt(performance.now() + PERIOD_MS - STALL_MS)
  const { port } = server.address() as AddressInfo // a TCP server's address is never a string
  parentPort!.postMessage(port)
})
