/**
 * source-memory — the ArrayBuffer behind the source of a block copy, remembered, since asking a Buffer for it is a
 * call into C++.
 *
 * HOT     `look` runs once a copy. The source is nearly always the buffer that the worker reads into.
 */
export class SourceMemory {
  memory: ArrayBufferLike
  /** Where the source starts in it. */
  offset: number
  #source: Uint8Array

  constructor() {
    this.#source = new Uint8Array(0)
    this.memory = this.#source.buffer
    this.offset = 0
  }

  look(source: Uint8Array): void {
    if (source === this.#source) return
    this.#source = source
    this.memory = source.buffer
    this.offset = source.byteOffset
  }
}
