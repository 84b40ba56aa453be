/** Ports nobody uses, below the range the kernel gives to outgoing connections. */
import net from 'node:net'

const FIRST = 12_000
const LAST = 31_000
const STEP = 48

// Test files run as processes side by side: each starts in a corner of its own.
let next = FIRST + ((process.pid * STEP) % (LAST - FIRST))

export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < LAST - FIRST; tries++) {
    const port = next++
    if (next > LAST) next = FIRST
    if (await isFree(port, host)) return port
  }
  throw new Error('no free port is left')
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host }, () => server.close(() => resolve(true)))
  })
}
