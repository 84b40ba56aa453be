/** A port whose queue of connections is full: the kernel drops what knocks, as a host behind a dead switch does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'

const LISTEN = `
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))
setTimeout(() => process.exit(), 120000)
`
const CALLERS_MAX = 16

export class HungPort {
  readonly port: number
  readonly #child: ChildProcess
  readonly #callers: readonly net.Socket[]

  constructor(port: number, child: ChildProcess, callers: readonly net.Socket[]) {
    this.port = port
    this.#child = child
    this.#callers = callers
  }

  close(): void {
    for (const caller of this.#callers) caller.destroy()
    this.#child.kill('SIGKILL')
  }
}

export async function openHungPort(): Promise<HungPort> {
  const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout!, 'data')
  const port = Number(String(line))
  // A stopped process accepts nothing: its queue fills up.
  child.kill('SIGSTOP')
  const callers: net.Socket[] = []
  while (callers.length < CALLERS_MAX) {
    const caller = net.connect({ port, host: '127.0.0.1' }).on('error', () => {})
    callers.push(caller)
    const late = new Promise((resolve) => setTimeout(resolve, 300, 'late'))
    if ((await Promise.race([once(caller, 'connect'), late])) === 'late')
      return new HungPort(port, child, callers)
  }
  throw new Error('the queue of the stopped process does not fill up')
}
