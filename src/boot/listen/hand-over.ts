/**
 * hand-over — makes copies of a bound socket's descriptor, one for each worker.
 *
 * Threads share descriptors by number. If two workers listened on one number, the first to die would close it under
 * the other, and the number would go to some unrelated file. Node can't call dup(2), but passing a descriptor through
 * a unix socket makes a copy of it (SCM_RIGHTS), so the primary passes it to itself.
 */
import { rmSync } from 'node:fs'
import { faults, GatewayError } from '../../base/faults.ts'
import { type BoundHandle, binding, type PipeHandle } from './native-handles.ts'

export class HandOver {
  readonly #path: string
  #ends: Promise<{ sender: PipeHandle; receiver: PipeHandle }> | null = null
  #last: Promise<unknown> = Promise.resolve()

  /** `path`: where a unix socket may be made for a moment. */
  constructor(path: string) {
    this.#path = path
  }

  /** A new descriptor for the same socket. The caller's to close; nothing here ever does. */
  copy(handle: BoundHandle): Promise<number> {
    // One at a time: answers carry nothing that tells which question they belong to.
    const next = this.#last.then(() => this.#copy(handle))
    this.#last = next.catch(() => {})
    return next
  }

  async #copy(handle: BoundHandle): Promise<number> {
    this.#ends ??= connectToSelf(this.#path)
    const { sender, receiver } = await this.#ends
    return new Promise((resolve, reject) => {
      receiver.onread = () => {
        const copied = receiver.pendingHandle
        receiver.pendingHandle = null
        if (copied === null) reject(failed('nothing arrived'))
        else resolve(copied.fd)
      }
      const request = new (binding('stream_wrap').WriteWrap)()
      request.oncomplete = () => {}
      const status = sender.writeUtf8String(request, 'x', handle)
      if (status !== 0) reject(failed(`errno ${status}`))
    })
  }
}

/** Both ends stay open for the life of the process: a worker that dies later needs another copy. */
function connectToSelf(path: string): Promise<{ sender: PipeHandle; receiver: PipeHandle }> {
  const { Pipe, PipeConnectWrap, constants } = binding('pipe_wrap')
  rmSync(path, { force: true })
  const server = new Pipe(constants.SERVER)
  const status = server.bind(path) || server.listen(1)
  if (status !== 0) return Promise.reject(failed(`errno ${status} at ${path}`))
  return new Promise((resolve) => {
    const receiver = new Pipe(constants.IPC)
    server.onconnection = (_status, accepted) => {
      // Accepted pipes can't carry descriptors; a second one over the same number can. `accepted` is kept for its life.
      const sender = new Pipe(constants.IPC)
      sender.open(accepted.fd)
      server.close()
      rmSync(path, { force: true })
      receiver.readStart()
      kept.push(accepted)
      resolve({ sender, receiver })
    }
    const request = new PipeConnectWrap()
    request.oncomplete = () => {}
    receiver.connect(request, path)
  })
}

const kept: PipeHandle[] = []

function failed(detail: string): GatewayError {
  return new GatewayError(faults.INTERNAL, `a listening socket could not be copied: ${detail}`)
}
