/** A machine that counts nothing: for a configuration that is compiled to be judged or explained, and for tests. */
import type { Metrics } from '../../../contract/machine/metrics.ts'

export const NO_METRICS: Metrics = {
  counter: () => ({ add: () => {} }),
  histogram: () => ({ observe: () => {} }),
}
