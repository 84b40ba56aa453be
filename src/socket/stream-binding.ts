/** Node's internal stream binding, as far as SocketWriter uses it. */

/** A write under way. Node calls `oncomplete` when the kernel has taken all of it. */
export interface WriteRequest {
  writer: { written(ok: boolean): void } | null
  /** Held so that the bytes live as long as the write. */
  buffer: Uint8Array | null
  oncomplete: ((status: number) => void) | null
}

export interface Handle {
  /** Bytes it has and the kernel has not; of TLS those that are encrypted and not yet told to be written. */
  readonly writeQueueSize: number
  /** Of TLS: the handle that carries it. */
  readonly _parent?: Handle
  /** 0, or a negative error. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
}

export interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest
  readonly streamBaseState: Int32Array
  readonly kLastWriteWasAsync: number
}

/** The binding, or null where it is not what is needed. */
export function readStreamBinding(): StreamBinding | null {
  try {
    // Types leave process.binding out: it is deprecated without a public successor.
    const { binding } = process as unknown as { binding(name: string): Partial<StreamBinding> }
    const found = binding('stream_wrap')
    const fits =
      typeof found.WriteWrap === 'function' &&
      found.streamBaseState instanceof Int32Array &&
      typeof found.kLastWriteWasAsync === 'number'
    return fits ? (found as StreamBinding) : null // every member has just been looked at
  } catch {
    // A Node without it, or one that forbids it: plain socket writes do the same, slower.
    return null
  }
}
