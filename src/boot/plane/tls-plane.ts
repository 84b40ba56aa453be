/** tls-plane — a worker's certificates: handed to its listener with each configuration, default and set of ticket keys. */
import type { Config } from '../../config/model.ts'
import { compileTls, type TlsDefaults } from '../../config/plan/compile-tls.ts'
import type { Listener } from '../../contract/listener.ts'
import type { ServerTls } from '../../contract/tls.ts'
import {
  HANDSHAKES_FAILED,
  HANDSHAKES_RESUMED,
  HANDSHAKES_TLS12,
  HANDSHAKES_TLS13,
} from '../../state/counters.ts'
import type { DataPlaneOptions } from './data-plane.ts'

/** Between two lines about handshakes that failed: anybody can make them fail, as often as they like. */
const SAY_EVERY_MS = 1000

export class TlsPlane {
  readonly #plugins: DataPlaneOptions['plugins']
  readonly #listeners: readonly Pick<Listener, 'secure'>[]
  #config: Pick<Config, 'certificates' | 'snis' | 'plugins'> | null

  constructor(options: Pick<DataPlaneOptions, 'plugins'>, listeners: readonly Pick<Listener, 'secure'>[]) {
    this.#plugins = options.plugins
    this.#listeners = listeners
    this.#config = null
  }

  /** `defaults`: null where no address has `ssl`. Throws GatewayError CONFIG_INVALID, and then nothing has changed. */
  load({ certificates, snis, plugins }: Config, defaults: TlsDefaults | null): void {
    if (defaults === null) return
    const config = { certificates, snis, plugins }
    this.#secure(compileTls(config, this.#plugins, defaults))
    this.#config = config
  }

  use(defaults: TlsDefaults): void {
    if (this.#config !== null) this.#secure(compileTls(this.#config, this.#plugins, defaults))
  }

  /** What one of them takes, all take: they make the same of it. */
  #secure(tls: ServerTls): void {
    for (const listener of this.#listeners) listener.secure(tls)
  }
}

export function handshakeCounts({
  counters,
}: Pick<DataPlaneOptions, 'counters'>): (protocol: string, isResumed: boolean) => void {
  return (protocol, isResumed) => {
    counters.add(protocol === 'TLSv1.3' ? HANDSHAKES_TLS13 : HANDSHAKES_TLS12, 1)
    if (isResumed) counters.add(HANDSHAKES_RESUMED, 1)
  }
}

/** Counts all, and says one a second. */
export function handshakeFailures({
  counters,
  log,
}: Pick<DataPlaneOptions, 'counters' | 'log'>): (why: string) => void {
  let saidMs = -SAY_EVERY_MS
  return (why) => {
    counters.add(HANDSHAKES_FAILED, 1)
    const nowMs = performance.now()
    if (nowMs - saidMs < SAY_EVERY_MS) return
    saidMs = nowMs
    log.operator('debug', 'a TLS handshake came to nothing', { why })
  }
}
