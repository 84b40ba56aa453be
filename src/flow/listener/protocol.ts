/** Whether the route may be used over the protocol the client speaks (as Kong). */
import { type Fault, faults } from '../../base/faults.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { PROTOCOL_GRPC, PROTOCOL_GRPCS, PROTOCOL_HTTP, PROTOCOL_HTTPS } from '../../contract/plan.ts'
import { getField } from '../../http1/fields.ts'

export function checkProtocol(x: Exchange): Fault {
  const allowed = x.route!.protocols
  if ((allowed & PROTOCOL_HTTP) !== 0) return faults.NONE
  if ((allowed & PROTOCOL_HTTPS) !== 0)
    return x.forwardedScheme === 'https' ? faults.NONE : faults.HTTPS_REQUIRED
  if ((allowed & (PROTOCOL_GRPC | PROTOCOL_GRPCS)) === 0) return faults.NONE
  if (!(getField(x.request, 'content-type') ?? '').startsWith('application/grpc')) return faults.GRPC_REQUIRED
  if (!x.client!.isHttp2) return faults.HTTP2_REQUIRED
  return (allowed & PROTOCOL_GRPC) !== 0 || x.forwardedScheme === 'https'
    ? faults.NONE
    : faults.GRPCS_REQUIRED
}
