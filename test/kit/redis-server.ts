/**
 * redis-server — real Redis servers for tests: alone, watched by a Sentinel, or three as a cluster; each in a folder
 * of its own.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { until } from './command.ts'
import { freePort } from './ports.ts'

const run = promisify(execFile)
const READY = /Ready to accept connections|Sentinel ID is/
/** A replica is served as soon as it asks. */
const SOON = ['--repl-diskless-sync-delay', '0']
const SLOTS = 16_384
const CLUSTER_NODES = 3

export interface RedisServerOptions {
  /** More words for redis-server's command line: ['--maxmemory', '2mb']. */
  readonly args?: readonly string[]
  /** Serves TLS instead of plain text. */
  readonly tls?: Certificates
  /** Keeps its data over a restart. */
  readonly isPersistent?: boolean
  /** Lines of a Sentinel's configuration: then it is one. */
  readonly sentinel?: readonly string[]
  /** What redis-cli needs to log in: ['--pass', 'word']. */
  readonly login?: readonly string[]
}

export class RedisServer {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly folder: string
  readonly #options: RedisServerOptions
  #child: ChildProcess | null

  constructor(port: number, options: RedisServerOptions) {
    this.port = port
    this.folder = mkdtempSync(join(tmpdir(), 'sluice-redis-'))
    this.#options = options
    this.#child = null
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Also after `stop` or `kill`: on the same port. */
  async start(): Promise<void> {
    const child = spawn('redis-server', this.#words(), { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    running.add(this)
    const said: string[] = []
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`redis-server ended:\n${said.join('\n')}`)))
      createInterface({ input: child.stdout! }).on('line', (line) => {
        if (said.length < 100) said.push(line)
        if (READY.test(line)) resolve()
      })
    })
  }

  #words(): string[] {
    const { args = [], tls, isPersistent = false, sentinel } = this.#options
    if (sentinel !== undefined) {
      const file = join(this.folder, 'sentinel.conf')
      writeFileSync(file, [`port ${this.port}`, `dir ${this.folder}`, ...sentinel, ''].join('\n'))
      return [file, '--sentinel']
    }
    const save = isPersistent ? ['--save', '3600 1'] : ['--save', '']
    const port = tls === undefined ? ['--port', `${this.port}`] : tlsWords(tls, this.port)
    return [...port, '--dir', this.folder, ...save, '--bind', this.host, ...SOON, ...args]
  }

  /** Asks the server by redis-cli; answers the text it prints. */
  async call(...words: readonly string[]): Promise<string> {
    const { tls, login = [] } = this.#options
    const secure = tls === undefined ? [] : ['--tls', '--insecure']
    const quiet = login.length > 0 ? ['--no-auth-warning'] : []
    const where = ['-h', this.host, '-p', `${this.port}`, ...secure, ...login, ...quiet]
    const { stdout } = await run('redis-cli', [...where, ...words], { timeout: 10_000 })
    return stdout.trim()
  }

  /** How often it has carried out a command since its start. */
  async calls(command: string): Promise<number> {
    const line = new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await this.call('info', 'commandstats'))
    return Number(line?.[1] ?? 0)
  }

  /** The server stands still, with all its connections open. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** As when its machine loses power. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** It may save and say goodbye. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = null
    running.delete(this)
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    child.kill('SIGCONT')
    await ended
  }

  /** Stops it and removes its folder. */
  async close(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** When the test process ends before its servers. */
  abandon(): void {
    this.#child?.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const running = new Set<RedisServer>()
process.on('exit', () => {
  for (const server of running) server.abandon()
})

export async function openRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = new RedisServer(await freePort(), options)
  await server.start()
  return server
}

/** A Sentinel that declares `master` dead after half a second without an answer. */
export async function openSentinel(name: string, master: RedisServer): Promise<RedisServer> {
  const sentinel = await openRedis({
    sentinel: [
      `sentinel monitor ${name} ${master.host} ${master.port} 1`,
      `sentinel down-after-milliseconds ${name} 500`,
      `sentinel failover-timeout ${name} 3000`,
    ],
  })
  const knowsReplica = async () => (await sentinel.call('sentinel', 'replicas', name)).includes('runid')
  await until('the sentinel has found the replica', knowsReplica)
  return sentinel
}

export async function openReplica(master: RedisServer): Promise<RedisServer> {
  const replica = await openRedis({ args: ['--replicaof', master.host, `${master.port}`] })
  const isLinked = async () => (await replica.call('info', 'replication')).includes('master_link_status:up')
  await until('the replica follows', isLinked)
  return replica
}

export async function openRedisCluster(): Promise<RedisServer[]> {
  const nodes: RedisServer[] = []
  for (let i = 0; i < CLUSTER_NODES; i++) {
    const bus = await freePort()
    const args = ['--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--cluster-node-timeout', '1000']
    const node = await openRedis({ args })
    nodes.push(node)
    if (i > 0) await node.call('cluster', 'meet', node.host, `${nodes[0]!.port}`, `${await busOf(nodes[0]!)}`)
    const [first, end] = [i, i + 1].map((n) => Math.floor((n * SLOTS) / CLUSTER_NODES))
    await node.call('cluster', 'addslotsrange', `${first}`, `${end! - 1}`)
  }
  for (const node of nodes)
    await until('the cluster is formed', async () => {
      const [info, list] = [await node.call('cluster', 'info'), await node.call('cluster', 'nodes')]
      return info.includes('cluster_state:ok') && list.split('\n').length === CLUSTER_NODES
    })
  return nodes
}

async function busOf(node: RedisServer): Promise<number> {
  return Number((await node.call('config', 'get', 'cluster-port')).split('\n')[1])
}

/** Files in PEM: an authority of our own, and a server's certificate that it signed. */
export interface Certificates {
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

/** For one host name. */
export async function makeCertificates(folder: string, name: string): Promise<Certificates> {
  const file = (end: string) => join(folder, end)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const root = ['-x509', '-subj', '/CN=Test authority', '-keyout', file('ca.key'), '-out', file('ca.pem')]
  await run('openssl', ['req', ...key, ...root])
  await run('openssl', ['req', ...key, '-subj', `/CN=${name}`, '-keyout', file('key'), '-out', file('csr')])
  writeFileSync(file('names'), `subjectAltName=DNS:${name}\n`)
  const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '2']
  const out = ['-extfile', file('names'), '-out', file('pem')]
  await run('openssl', ['x509', '-req', '-in', file('csr'), ...signer, ...out])
  return { authority: file('ca.pem'), certificate: file('pem'), key: file('key') }
}

function tlsWords(tls: Certificates, port: number): string[] {
  const files = [
    '--tls-cert-file',
    tls.certificate,
    '--tls-key-file',
    tls.key,
    '--tls-ca-cert-file',
    tls.authority,
  ]
  return ['--port', '0', '--tls-port', `${port}`, ...files, '--tls-auth-clients', 'no']
}
