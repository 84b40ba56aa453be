/** first-bytes — what a target speaks that does not answer in HTTP/1.1, by the first bytes it sends. */
import type { Address } from '../../../contract/target.ts'

const TLS_ALERT = 0x15
const TLS_HANDSHAKE = 0x16
const TLS_MAJOR = 3
/** Of a frame of HTTP/2: three bytes of length, the type, flags, four bytes of stream. */
const FRAME_HEAD_BYTES = 9
const FRAME_SETTINGS = 4

/** For the operator; '' where the bytes don't show it. */
export function explainFirstBytes(address: Address, bytes: Uint8Array): string {
  if (address.tls === null && isTls(bytes))
    return 'the target speaks TLS at this port: should the protocol of the service be https?'
  if (isSettings(bytes))
    return 'the target speaks only HTTP/2 at this port: should the service have http2: prior_knowledge, or protocol grpc?'
  return ''
}

function isTls(bytes: Uint8Array): boolean {
  return (bytes[0] === TLS_ALERT || bytes[0] === TLS_HANDSHAKE) && bytes[1] === TLS_MAJOR
}

/** A server's first frame: SETTINGS on stream 0. */
function isSettings(bytes: Uint8Array): boolean {
  return (
    bytes.length >= FRAME_HEAD_BYTES &&
    bytes[3] === FRAME_SETTINGS &&
    bytes.subarray(5, FRAME_HEAD_BYTES).every((byte) => byte === 0)
  )
}
