/**
 * metrics — counters and histograms of plugins, in shared memory: each worker writes its own cells with plain stores,
 * the primary adds them up when somebody reads.
 *
 * A series is one family with one set of labels. Series are opened when first needed, which is cold, and kept; adding
 * to one is a load and a store. Their number has an end (SLUICE_SHARED_METRICS): where there is no room left, what is
 * counted is lost, and `sluice_metric_series_omitted_total` says how many series are missing.
 */

export interface MetricFamily {
  /** As Prometheus will show it, with its prefix. */
  readonly name: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** One sentence: HELP. */
  readonly says: string
  /** Of a histogram: its upper bounds without +Inf, ascending. */
  readonly bounds?: readonly number[]
}

export interface Metrics {
  /** `labels`: names and values in turn. The same family and labels answer the same series. */
  counter(family: MetricFamily, labels: readonly string[]): Counter
  histogram(family: MetricFamily, labels: readonly string[]): Histogram
}

export interface Counter {
  add(count: number): void
}

export interface Histogram {
  observe(value: number): void
}
