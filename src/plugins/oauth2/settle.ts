/** settle — ends the wait of a request whose answer has come, or will not. */
import { faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, type Host, NEXT, type Verdict, WAIT } from '../../contract/plugin.ts'
import { TooManyChecks } from './endpoints/clients.ts'

export function settle(x: Exchange, host: Host, work: Promise<Verdict>): Verdict {
  const flow = x.flow
  void work
    .catch((cause: unknown) => fail(x, host, cause))
    .then((verdict) => {
      if (verdict === NEXT) flow?.resume(x)
      else flow?.finish(x)
    })
  return WAIT
}

/** Nobody is let in, and nobody is given anything, because the state can't be asked. */
function fail(x: Exchange, host: Host, cause: unknown): Verdict {
  const why = cause instanceof Error ? cause.message : String(cause)
  x.fault = cause instanceof TooManyChecks ? faults.TASKS_FULL : faults.STATE_UNAVAILABLE
  x.detail = why
  host.log('error', 'oauth2: a request could not be decided', {
    why,
    request: x.requestId.latin1Slice(0, x.requestId.length),
  })
  return DONE
}
