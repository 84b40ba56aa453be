/**
 * offload — work that costs milliseconds of CPU, done by another thread while the event loop serves everybody else.
 *
 * A task is a file of the plugin's folder: `check-hash.ts` exports the function `checkHash`, which takes one value and
 * answers one, or a promise of one. Both are copied between the threads, so they are plain data. A task runs in a
 * thread that knows nothing of the plugin: what it needs is in what it is given.
 */

export interface Offload {
  /** `from`: import.meta.url of the module beside the task; `name`: its file without ending. Cheap; opens no thread. */
  task<Input, Output>(from: string, name: string): Task<Input, Output>
}

export interface Task<Input, Output> {
  /**
   * False: too much is under way already, and `done` is not called. Else it is, once, later: with the output, or with
   * null and what went wrong.
   */
  run(input: Input, done: (output: Output | null, problem: string) => void): boolean
}
