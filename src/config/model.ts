/**
 * model — the configuration after loading: every entity complete, checked, with its id and its references as ids.
 *
 * Front ends (config/kong now) produce it, compile turns it into a Plan, and it is what crosses to the workers as
 * msgpackr bytes: plain data only. Field names are Kong's, so that the Admin API can show it as it is.
 */
import type { Value } from '../contract/schema.ts'
import type {
  CircuitInput,
  HealthInput,
  OutlierInput,
  SlowStartInput,
} from '../flow/balancer/upstream-input.ts'

export interface Entity {
  id: string
  tags: string[] | null
  created_at: number
  updated_at: number
}

export interface ServiceEntity extends Entity {
  name: string | null
  retries: number
  protocol: string
  host: string
  port: number
  path: string | null
  connect_timeout: number
  write_timeout: number
  read_timeout: number
  client_certificate: string | null
  tls_verify: boolean | null
  tls_verify_depth: number | null
  ca_certificates: string[] | null
  enabled: boolean
  retry_policy: RetryPolicyRecord | null
  /** Extension: HTTP/2 to its targets, agreed on in the handshake or spoken from the first byte on. Null: HTTP/1.1. */
  http2: 'negotiate' | 'prior_knowledge' | null
}

/** Extension of the service (docs/balancing.md). Times in ms, as the service's own. */
export interface RetryPolicyRecord {
  retry_on: string[]
  retriable_status_codes: number[]
  retry_non_idempotent: boolean
  per_try_timeout: number | null
  back_off: { base_interval: number; max_interval: number }
}

export interface RouteEntity extends Entity {
  name: string | null
  protocols: string[]
  https_redirect_status_code: number
  strip_path: boolean
  preserve_host: boolean
  request_buffering: boolean
  response_buffering: boolean
  service: string | null
  methods: string[] | null
  hosts: string[] | null
  paths: string[] | null
  headers: Record<string, string[]> | null
  snis: string[] | null
  sources: { ip: string | null; port: number | null }[] | null
  destinations: { ip: string | null; port: number | null }[] | null
  regex_priority: number
  path_handling: 'v0' | 'v1'
}

export interface UpstreamEntity extends Entity {
  name: string
  algorithm: 'consistent-hashing' | 'least-connections' | 'round-robin' | 'latency' | 'least-request'
  hash_on: string
  hash_fallback: string
  hash_on_header: string | null
  hash_fallback_header: string | null
  hash_on_cookie: string | null
  hash_on_cookie_path: string
  hash_on_query_arg: string | null
  hash_fallback_query_arg: string | null
  hash_on_uri_capture: string | null
  hash_fallback_uri_capture: string | null
  slots: number
  healthchecks: HealthchecksRecord
  host_header: string | null
  client_certificate: string | null
  use_srv_name: boolean
  /** Extensions (docs/balancing.md). Times in seconds, as in healthchecks. */
  circuit_breaker: CircuitInput | null
  outlier_detection: OutlierDetectionRecord | null
  slow_start: SlowStartInput | null
  /** The name of the upstream that serves while this one can't. */
  fallback: string | null
}

/** Kong's. Times in seconds; a count or interval of 0 is off. */
export interface HealthchecksRecord {
  threshold: number
  active: {
    type: 'tcp' | 'http' | 'https' | 'grpc' | 'grpcs'
    timeout: number
    concurrency: number
    http_path: string
    https_sni: string | null
    https_verify_certificate: boolean
    headers: Record<string, string[]> | null
    healthy: { interval: number; http_statuses: number[]; successes: number }
    unhealthy: {
      interval: number
      http_statuses: number[]
      tcp_failures: number
      timeouts: number
      http_failures: number
    }
  }
  passive: HealthInput['passive'] & { type: string }
}

/** Envoy's fields and defaults, `always_eject_one_host` excepted. What the balancer leaves to the sweep is added here. */
export interface OutlierDetectionRecord extends OutlierInput {
  interval: number
  successful_active_health_check_uneject_host: boolean
}

export interface TargetEntity extends Entity {
  upstream: string
  /** Normalised: host:port, IPv6 in brackets. */
  target: string
  weight: number
}

export interface ConsumerEntity extends Entity {
  username: string | null
  custom_id: string | null
}

export interface PluginEntity extends Entity {
  name: string
  instance_name: string | null
  route: string | null
  service: string | null
  consumer: string | null
  consumer_group: string | null
  config: { [key: string]: Value }
  protocols: string[]
  enabled: boolean
}

export interface CertificateEntity extends Entity {
  cert: string
  key: string
  cert_alt: string | null
  key_alt: string | null
}

export interface SniEntity extends Entity {
  name: string
  certificate: string
}

export interface CaCertificateEntity extends Entity {
  cert: string
  cert_digest: string
}

/** Entities whose fields only their plugin reads: credentials, groups, vaults, keys. References are ids. */
export interface OtherEntity extends Entity {
  [field: string]: Value
}

/** The whole configuration. `others` is by Kong's plural name: keyauth_credentials, acls, vaults, consumer_groups … */
export interface Config {
  /** md5 of the source text in hex; 32 zeros for the empty configuration. */
  hash: string
  services: ServiceEntity[]
  routes: RouteEntity[]
  upstreams: UpstreamEntity[]
  targets: TargetEntity[]
  consumers: ConsumerEntity[]
  plugins: PluginEntity[]
  certificates: CertificateEntity[]
  snis: SniEntity[]
  ca_certificates: CaCertificateEntity[]
  others: Record<string, OtherEntity[]>
  /**
   * Fields whose value came from a vault: entity id → field path ('config.secret') → the reference as written. The
   * data plane reads the resolved value in the entity, people are shown the reference.
   */
  references?: Record<string, Record<string, string>>
}

/** One thing wrong with a source, for people. */
export interface Problem {
  /** 'error' refuses the configuration; 'warning' is said and passed over. */
  level: 'error' | 'warning'
  file: string
  /** From 1; 0 when the place is not known. */
  line: number
  column: number
  /** Field path: services[2].routes[0].paths[1] */
  path: string
  /** In Kong's words where Kong has them. */
  message: string
}
