/** Kong's `queue` record of a plugin that ships, and the older fields that it took the place of. */
import { type Infer, s, type Value } from '../contract/schema.ts'
import type { QueueSettings } from './queue.ts'

const DELAY: readonly [number, number] = [0.001, 1_000_000]
const BATCH_DEFAULT = 1
const COALESCING_DEFAULT = 1

/** `batch`, `delay`: the defaults of max_batch_size and max_coalescing_delay, which some plugins of Kong set. */
export function queueField(batch = BATCH_DEFAULT, delay = COALESCING_DEFAULT) {
  return s.record(
    {
      max_batch_size: s.integer({
        default: batch,
        between: [1, 1_000_000],
        says: 'Entries that are sent together.',
      }),
      max_coalescing_delay: s.number({
        default: delay,
        between: [0, 3600],
        says: 'Seconds that the first entry waits for others to be sent with.',
      }),
      max_entries: s.integer({
        default: 10_000,
        between: [1, 1_000_000],
        says: 'Entries that may wait. Where there are more, the oldest is dropped.',
      }),
      max_bytes: s.integer({
        custom: aboveZero,
        says: 'Bytes that may wait, never more than 64 MiB, which also counts where nothing is set.',
      }),
      max_retry_time: s.number({
        default: 60,
        says: 'Seconds after which entries that cannot be sent are dropped. -1: they are tried once.',
      }),
      initial_retry_delay: s.number({
        default: 0.01,
        between: DELAY,
        says: 'Seconds until the first retry; each further one waits twice as long.',
      }),
      max_retry_delay: s.number({
        default: 60,
        between: DELAY,
        says: 'Seconds between two tries, at most.',
      }),
      concurrency_limit: s.integer({
        default: 1,
        one_of: [-1, 1],
        says: 'Batches under way at a time: one, or (-1) as many as there are, up to 64.',
      }),
    },
    { required: true, says: 'How entries wait, and what happens when they cannot be sent.' },
  )
}

const INSTEAD = 'Older form; use'

/** What a plugin that had a queue before Kong 3.3 spreads into its schema. */
export const olderQueueFields = {
  retry_count: s.integer({ says: `${INSTEAD} \`queue.max_retry_time\`. It has no effect.` }),
  queue_size: s.integer({ between: [1, 1_000_000], says: `${INSTEAD} \`queue.max_batch_size\`.` }),
  flush_timeout: s.number({ between: [0, 3600], says: `${INSTEAD} \`queue.max_coalescing_delay\`.` }),
}

const older = s.record(olderQueueFields)
type QueueRecord = Infer<ReturnType<typeof queueField>>
export type OlderQueue = Infer<typeof older>

/** What the older fields had where nobody set them: these say nothing. */
const OLDER_BATCH = 1
const OLDER_DELAY = 2
const OLDER_RETRIES = 10

/** As Kong: an older field stands above the record's, unless it is at its old default. */
export function queueSettingsOf(queue: QueueRecord, config: OlderQueue | null = null): QueueSettings {
  const isSet = <T>(value: T | null | undefined, usual: T): value is T =>
    value !== null && value !== undefined && value !== usual
  const batch = config?.queue_size
  const delay = config?.flush_timeout
  return {
    maxBatchSize: isSet(batch, OLDER_BATCH) ? batch : queue.max_batch_size,
    maxCoalescingDelayMs: (isSet(delay, OLDER_DELAY) ? delay : queue.max_coalescing_delay) * 1000,
    maxEntries: queue.max_entries,
    maxBytes: queue.max_bytes,
    maxRetryTimeMs: queue.max_retry_time * 1000,
    initialRetryDelayMs: queue.initial_retry_delay * 1000,
    maxRetryDelayMs: queue.max_retry_delay * 1000,
    concurrency: queue.concurrency_limit,
  }
}

/** What to tell the operator of older fields that are set; none: nothing. */
export function olderQueueWarnings(plugin: string, config: OlderQueue): string[] {
  const warnings: string[] = []
  if (config.retry_count !== null && config.retry_count !== OLDER_RETRIES)
    warnings.push(
      `${plugin}: config.retry_count no longer works, please use config.queue.max_retry_time instead`,
    )
  if (config.queue_size !== null && config.queue_size !== OLDER_BATCH)
    warnings.push(
      `${plugin}: config.queue_size is deprecated, please use config.queue.max_batch_size instead`,
    )
  if (config.flush_timeout !== null && config.flush_timeout !== OLDER_DELAY)
    warnings.push(
      `${plugin}: config.flush_timeout is deprecated, please use config.queue.max_coalescing_delay instead`,
    )
  return warnings
}

function aboveZero(value: Value): string | null {
  return Number(value) > 0 ? null : 'value must be greater than 0'
}
