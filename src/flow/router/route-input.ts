/** What the router is told of a route: the compiled Route, and the attributes of Kong's entity by which it is found. */
import type { Route } from '../../contract/plan.ts'

/** Which order of precedence: docs/router.md. */
export type RouterFlavor = 'traditional_compatible' | 'traditional'

export interface RouteMatch {
  readonly id: string
  readonly created_at: number
  readonly protocols: readonly string[]
  readonly methods: readonly string[] | null
  readonly hosts: readonly string[] | null
  readonly paths: readonly string[] | null
  readonly headers: Readonly<Record<string, readonly string[]>> | null
  readonly snis: readonly string[] | null
  readonly regex_priority: number
  readonly path_handling: 'v0' | 'v1'
}

export interface RouteInput {
  readonly route: Route
  readonly match: RouteMatch
}
