/** A span as Zipkin's API v2 has it. Ids in lower-case hex, times in microseconds. */
export interface Span {
  readonly traceId: string
  readonly id: string
  readonly parentId?: string
  readonly kind: 'SERVER' | 'CLIENT'
  readonly name: string
  readonly timestamp: number
  readonly duration: number
  readonly localEndpoint: { readonly serviceName: string }
  readonly remoteEndpoint?: Endpoint
  readonly tags: Record<string, string>
  readonly annotations?: readonly Annotation[]
}

export interface Endpoint {
  readonly serviceName?: string
  readonly ipv4?: string
  readonly ipv6?: string
  readonly port?: number
}

export interface Annotation {
  readonly timestamp: number
  readonly value: string
}
