/** Every micro bench, in the order they are run. */
import { bench as accessLog } from './access-log.bench.ts'
import { bench as balancer } from './balancer.bench.ts'
import { bench as chain } from './chain.bench.ts'
import { bench as codec } from './codec/codec.bench.ts'
import { bench as hpack } from './codec/hpack.bench.ts'
import { bench as fingerprint } from './fingerprint.bench.ts'
import type { Bench } from './frame/bench.ts'
import { bench as limiter } from './limiter.bench.ts'
import { bench as metrics } from './metrics.bench.ts'
import { bench as access } from './plugins/access.bench.ts'
import { bench as credentials } from './plugins/credentials.bench.ts'
import { bench as jwt } from './plugins/jwt.bench.ts'
import { bench as passing } from './plugins/passing.bench.ts'
import { bench as propagation } from './plugins/propagation.bench.ts'
import { bench as transformers } from './plugins/transformers.bench.ts'
import { bench as validator } from './plugins/validator.bench.ts'
import { bench as rateLimiting } from './rate-limiting.bench.ts'
import { bench as router } from './router.bench.ts'
import { bench as rows } from './rows.bench.ts'
import { bench as accessFormats } from './telling/access-formats.bench.ts'
import { bench as logRecord } from './telling/log-record.bench.ts'
import { bench as logRing } from './telling/log-ring.bench.ts'
import { bench as routeTally } from './telling/route-tally.bench.ts'
import { bench as shipping } from './telling/shipping.bench.ts'
import { bench as tracing } from './telling/tracing.bench.ts'

export const benches: readonly Bench[] = [
  codec,
  hpack,
  router,
  chain,
  balancer,
  limiter,
  rateLimiting,
  access,
  passing,
  propagation,
  transformers,
  validator,
  credentials,
  jwt,
  fingerprint,
  rows,
  accessLog,
  accessFormats,
  metrics,
  logRecord,
  logRing,
  shipping,
  routeTally,
  tracing,
]
