/** open-ring-door — a worker's door to log sinks, with what records need of its other parts. */
import type { Clock } from '../../base/clock.ts'
import type { Flow } from '../../flow/flow.ts'
import { upstreamPathOf } from '../../flow/transport/upstream-path.ts'
import { putRecord, type RecordContext } from '../../logs/put-record.ts'
import type { Counters } from '../../state/counters.ts'
import { RingDoor } from './ring-door.ts'
import type { RingEnd } from './ring-end.ts'

export interface RingDoorParts {
  readonly ring: RingEnd
  readonly counters: Counters
  readonly flow: Flow
  readonly clock: Clock
}

export function openRingDoor({ ring, counters, flow, clock }: RingDoorParts): RingDoor {
  const { response } = flow.stages
  const context: RecordContext = {
    wall: () => clock.wall(),
    now: () => clock.now(),
    upstreamPath: upstreamPathOf,
    putSent: (out, x) => response.putSent(out, x),
    extras: null,
  }
  return new RingDoor(ring, counters, (out, x, extras) => {
    context.extras = extras
    putRecord(out, x, context)
  })
}
