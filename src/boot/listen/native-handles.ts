/**
 * native-handles — the few calls of Node's own socket bindings that its public API has no door to.
 *
 * Needed on Node without `reusePort` (before 22.12) and for unix sockets: binding without listening, and passing a
 * descriptor through a socket. `process.binding` is deprecated in the documentation only and answers on Node 20 to 24.
 */

/** A bound socket. Calls answer 0 or a negative errno. */
export interface BoundHandle {
  readonly fd: number
  close(): void
}

interface TcpHandle extends BoundHandle {
  bind(host: string, port: number): number
  bind6(host: string, port: number, flags: number): number
  getsockname(out: { port?: number }): number
}

export interface PipeHandle extends BoundHandle {
  bind(path: string): number
  listen(backlog: number): number
  connect(request: object, path: string): number
  open(fd: number): number
  readStart(): number
  writeUtf8String(request: object, text: string, handle: BoundHandle): number
  onconnection: (status: number, accepted: PipeHandle) => void
  onread: () => void
  pendingHandle: BoundHandle | null
}

interface Bindings {
  tcp_wrap: { TCP: new (kind: number) => TcpHandle; constants: { SERVER: number } }
  pipe_wrap: {
    Pipe: new (kind: number) => PipeHandle
    PipeConnectWrap: new () => { oncomplete: () => void }
    constants: { SERVER: number; IPC: number }
  }
  stream_wrap: { WriteWrap: new () => { oncomplete: () => void } }
}

export function binding<K extends keyof Bindings>(name: K): Bindings[K] {
  // Native border: @types/node leaves the deprecated call out, and the shapes above are all we use of it.
  return (process as unknown as { binding(name: string): Bindings[K] }).binding(name)
}
