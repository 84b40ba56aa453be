/** Starts programs, pinned to a core where that is possible, and stops them by pid. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import net from 'node:net'

export function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

const canPin = has('taskset')

export function start(core: number, command: string[], env: Record<string, string> = {}): ChildProcess {
  const pinned = canPin ? ['taskset', '-c', String(core), ...command] : command
  const child = spawn(pinned[0]!, pinned.slice(1), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  return child
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}

/** Waits until something accepts on the port; throws after ten seconds. */
export async function accepting(port: number): Promise<void> {
  const until = Date.now() + 10_000
  while (Date.now() < until) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('close', () => socket.destroy())
      setTimeout(() => socket.destroy(), 200)
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`nothing listens on port ${port}`)
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo // a TCP server's address is never a string
  await new Promise((resolve) => server.close(resolve))
  return port
}
