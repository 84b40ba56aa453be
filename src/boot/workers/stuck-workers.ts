/**
 * stuck-workers — tells the operator of workers that stand still, and has those replaced that do not go on.
 *
 * A thread that is stuck cannot end itself in good order, so it is ended from outside; its connections are cut.
 */
import { readMark } from '../../flow/chain/marks.ts'
import type { OperatorLog } from '../log/operator-log.ts'
import { HeartbeatWatch, LOOK_MS } from './heartbeat.ts'

export interface StuckWorkersOptions {
  readonly beats: SharedArrayBuffer
  /** WORKER_STUCK_MS. */
  readonly limitMs: number
  /** By name, all that a worker can have. */
  readonly plugins: ReadonlyMap<string, unknown>
  readonly log: OperatorLog
  /** Ids of the workers that are to answer. */
  ready(): readonly number[]
  /** Ends the thread from outside. */
  end(workerId: number): void
}

/** Answers what stops it. */
export function watchWorkers(options: StuckWorkersOptions): () => void {
  const { beats, limitMs, plugins, log } = options
  const fields = (worker: number, ms: number, mark: number) => ({
    worker,
    ms: Math.round(ms),
    ...(readMark(mark, plugins.keys()) ?? { plugin: null, step: null }),
  })
  const watch = new HeartbeatWatch(beats, limitMs, {
    slow: (id, ms, mark) => log.write('warn', 'a worker was held up', fields(id, ms, mark)),
    stuck: (id, ms, mark) => {
      log.write('crit', 'a worker is stuck and is ended', fields(id, ms, mark))
      options.end(id)
    },
  })
  const timer = setInterval(() => watch.look(performance.now(), options.ready()), LOOK_MS).unref()
  return () => clearInterval(timer)
}
