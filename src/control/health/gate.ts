/** gate — at most so many at once; the others wait in line, first come first served. */
export class Gate {
  readonly #line: (() => void)[]
  #free: number

  constructor(places: number) {
    this.#line = []
    this.#free = places
  }

  async pass(task: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((enter) => this.#line.push(enter))
    try {
      await task()
    } finally {
      const next = this.#line.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
