/** What one round of load came to. */
export interface LoadResult {
  readonly requests: number
  readonly errors: number
  readonly closedLoopMs: { readonly p50: number; readonly p99: number } | null
}
