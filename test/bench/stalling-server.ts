/** stalling-server — a thread whose server answers at once, but stops dead for two seconds out of every ten. */
import net, { type AddressInfo } from 'node:net'
import { parentPort } from 'node:worker_threads'

const PERIOD_MS = 10_000
const STALL_MS = 2000

const cell = new Int32Array(new SharedArrayBuffer(4))
// Whatever comes in one read is one request: those of the tests are small, and few turns of the loop make short delays.
const answer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
const server = net.createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {}) // the client went away
  socket.on('data', () => socket.write(answer))
})

/** By the clock and not by the last stall's end, so that whole periods have the same share of it. */
function stallAt(fromMs: number): void {
  const sleep = (): void => {
    Atomics.wait(cell, 0, 0, Math.max(0, fromMs + STALL_MS - performance.now()))
    stallAt(fromMs + PERIOD_MS)
  }
  setTimeout(sleep, fromMs - performance.now())
}

server.listen(0, '127.0.0.1', () => {
  stallAt(performance.now() + PERIOD_MS - STALL_MS)
  const { port } = server.address() as AddressInfo // a TCP server's address is never a string
  parentPort!.postMessage(port)
})
