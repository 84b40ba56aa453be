/** metric-lines — the lines of Prometheus' text form. */

export type MetricKind = 'counter' | 'gauge'

export function preamble(name: string, kind: MetricKind, says: string): string[] {
  return [`# HELP ${name} ${says}`, `# TYPE ${name} ${kind}`]
}

/** `labels` as they stand between the braces. */
export function sample(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${value}` : `${name}{${labels}} ${value}`
}
