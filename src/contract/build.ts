/** What compile is given by the worker it runs in: the doors to transport, names, clock and chance. */
import type { Clock } from '../base/clock.ts'
import type { Shared } from './machine/shared-memory.ts'
import type { AnyPlugin, Machine } from './plugin.ts'
import type { Names, Pools, TargetTlsDefaults } from './target.ts'

export interface BuildTools {
  readonly pools: Pools
  readonly names: Names
  readonly clock: Clock
  readonly host: Machine
  readonly shared: Shared
  /** By name. */
  readonly plugins: ReadonlyMap<string, AnyPlugin>
  /** Absent: a chain of one intermediate certificate at most, and nothing to show, as Kong. */
  readonly targetTls?: TargetTlsDefaults
  readonly routerFlavor: 'traditional_compatible' | 'traditional'
  /** In [0, 1). */
  random(): number
}
