/** The flow's own steps of a traced exchange; one that is not traced pays a look at x.trace. */
import type { Clock } from '../base/clock.ts'
import type { Exchange } from '../contract/exchange.ts'

/** As x.plan.router.find, noted. */
export function findTraced(x: Exchange, clock: Clock): boolean {
  x.trace!.begin('router', clock.nowAnew())
  const isFound = x.plan!.router.find(x)
  x.trace!.end(clock.nowAnew())
  return isFound
}

/** What a plugin had waited for has come, or all is over: the step that is open ends. */
export function endTraceStep(x: Exchange, clock: Clock): void {
  x.trace!.end(clock.nowAnew())
}
