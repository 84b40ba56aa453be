/** upstream-input — what a balancer is built from: the upstream's fields, as the configuration names them. */

export interface BalancerUpstream {
  readonly id: string
  readonly name: string
  readonly algorithm: 'consistent-hashing' | 'least-connections' | 'round-robin' | 'latency' | 'least-request'
  readonly hash_on: string
  readonly hash_fallback: string
  readonly hash_on_header: string | null
  readonly hash_fallback_header: string | null
  readonly hash_on_cookie: string | null
  readonly hash_on_cookie_path: string
  readonly hash_on_query_arg: string | null
  readonly hash_fallback_query_arg: string | null
  readonly hash_on_uri_capture: string | null
  readonly hash_fallback_uri_capture: string | null
  readonly slots: number
  readonly host_header: string | null
  readonly use_srv_name: boolean
  readonly healthchecks: HealthInput
  readonly circuit_breaker: CircuitInput | null
  readonly outlier_detection: OutlierInput | null
  readonly slow_start: SlowStartInput | null
}

/** Of the health checks, what traffic is judged by. */
export interface HealthInput {
  readonly threshold: number
  readonly passive: {
    readonly healthy: { readonly http_statuses: readonly number[]; readonly successes: number }
    readonly unhealthy: {
      readonly http_statuses: readonly number[]
      readonly tcp_failures: number
      readonly timeouts: number
      readonly http_failures: number
    }
  }
}

/** Times in seconds; null: no limit, or off. */
export interface CircuitInput {
  readonly max_connections: number | null
  readonly max_pending_requests: number | null
  readonly max_requests: number | null
  readonly max_retries: number | null
  readonly retry_budget: { readonly budget_percent: number; readonly min_retry_concurrency: number } | null
  readonly failure_percentage: number | null
  readonly consecutive_failures: number | null
  readonly minimum_requests: number
  readonly window: number
  readonly failure_statuses: readonly number[]
  readonly open_time: number
  readonly max_open_time: number
  readonly half_open_requests: number
  readonly success_threshold: number
}

/** Times in seconds. */
export interface OutlierInput {
  readonly consecutive_5xx: number
  readonly enforcing_consecutive_5xx: number
  readonly consecutive_gateway_failure: number
  readonly enforcing_consecutive_gateway_failure: number
  readonly split_external_local_origin_errors: boolean
  readonly consecutive_local_origin_failure: number
  readonly enforcing_consecutive_local_origin_failure: number
  readonly base_ejection_time: number
  readonly max_ejection_time: number
  readonly max_ejection_time_jitter: number
  readonly max_ejection_percent: number
  readonly always_eject_one_host: boolean
  readonly enforcing_success_rate: number
  readonly success_rate_minimum_hosts: number
  readonly success_rate_request_volume: number
  readonly success_rate_stdev_factor: number
  readonly enforcing_failure_percentage: number
  readonly failure_percentage_threshold: number
  readonly failure_percentage_minimum_hosts: number
  readonly failure_percentage_request_volume: number
  readonly panic_threshold: number
}

export interface SlowStartInput {
  /** Seconds. */
  readonly window: number
  readonly aggression: number
  readonly min_weight_percent: number
}
