/** Which engine listens where: native-free, or uWebSockets.js where it is chosen, can be loaded, and can do what is asked. */
import { NativeFreeListener } from '../../../native-free/listener.ts'
import type { ListenAddress, Listener } from '../../contract/listener.ts'
import type { ListenerTools } from '../../contract/listener-tools.ts'
import type { ServerTls } from '../../contract/tls.ts'
import { UwsListener } from '../../flow/listener/uws/uws-listener.ts'
import { loadUws } from '../../flow/listener/uws.ts'
import { isForUws } from '../listen/sockets.ts'

/** Throws ENGINE_UNAVAILABLE when the engine can't be loaded here. */
export function makeListener(engine: 'node' | 'uws', tools: ListenerTools): Listener {
  const own = new NativeFreeListener(tools)
  return engine === 'uws' ? new BothEngines(new UwsListener(loadUws(), tools), own) : own
}

/** Plain addresses are the uws engine's; what it does not have is listened for by the other one beside it. */
class BothEngines implements Listener {
  readonly #plain: UwsListener
  readonly #own: NativeFreeListener

  constructor(plain: UwsListener, own: NativeFreeListener) {
    this.#plain = plain
    this.#own = own
  }

  secure(tls: ServerTls): void {
    this.#own.secure(tls)
  }

  async listen(addresses: readonly ListenAddress[]): Promise<void> {
    await this.#plain.listen(addresses.filter(isForUws))
    await this.#own.listen(addresses.filter((address) => !isForUws(address)))
  }

  async drain(): Promise<void> {
    await Promise.all([this.#plain.drain(), this.#own.drain()])
  }

  close(): void {
    this.#plain.close()
    this.#own.close()
  }

  get connections(): number {
    return this.#plain.connections + this.#own.connections
  }
}
