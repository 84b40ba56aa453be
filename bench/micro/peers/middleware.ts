/** middleware — two usual ways to run a list of functions on a request, for the chain's bench. */

export type AsyncFunction<X> = (x: X, next: () => Promise<void>) => Promise<void>

/** Each awaits the ones behind it. */
export function runAsync<X>(functions: readonly AsyncFunction<X>[], x: X): Promise<void> {
  const dispatch = (i: number): Promise<void> => {
    const current = functions[i]
    if (current === undefined) return Promise.resolve()
    try {
      return Promise.resolve(current(x, () => dispatch(i + 1)))
    } catch (error) {
      return Promise.reject(error)
    }
  }
  return dispatch(0)
}

export type Done = (error: unknown) => void
/** Calls back, or answers a promise. */
export type Hook<X> = (x: X, done: Done) => Promise<void> | void

/** One after the other; `onDone` is told of the end, or of the first error. */
export function runHooks<X>(hooks: readonly Hook<X>[], x: X, onDone: Done): void {
  let i = 0
  const next: Done = (error) => {
    if (error !== null || i === hooks.length) return onDone(error)
    let answer: Promise<void> | void
    try {
      answer = hooks[i++]!(x, next)
    } catch (thrown) {
      return onDone(thrown)
    }
    if (answer !== undefined) answer.then(() => next(null), onDone)
  }
  next(null)
}
