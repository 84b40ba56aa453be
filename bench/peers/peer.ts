/** peer — a program that stands between load and origin, or the origin itself: how to get it, and how to start it. */
import type { Scenario } from '../load/scenario.ts'

export interface Place {
  /** A folder of this run's own. */
  readonly directory: string
  /** Listen here, on 127.0.0.1. */
  readonly port: number
  readonly originPort: number
  /** Processes or threads that carry traffic. */
  readonly workers: number
  /** Free too, for what a peer needs beside it. */
  readonly besidePort?: number
}

export interface Launch {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface Peer {
  /** As people type it: `--peers nginx,haproxy`. */
  readonly name: string
  /** What to do where it is missing: `apt-get install nginx`. */
  readonly install: string
  /** It runs on V8, so its collections can be traced. */
  readonly isNode: boolean
  /** Where it always has as many, whatever a run asks for: processes or threads that carry traffic. */
  readonly workers?: number
  /** As it tells itself; null where it is not installed. */
  version(): Promise<string | null>
  /** Why it cannot do a scenario, or ''. */
  cannot(scenario: Scenario): string
  /** Writes its configuration; the command runs in the foreground until SIGTERM. */
  launch(place: Place, scenario: Scenario): Launch
  /** What has to listen on `besidePort` before it starts, on the cores of the origin. */
  beside?(place: Place): Launch
}
