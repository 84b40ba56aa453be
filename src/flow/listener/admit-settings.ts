/** What admission needs of the environment: whom to believe about the client's address. */
import type { CidrSet } from '../../base/cidr.ts'

export interface AdmitSettings {
  readonly trusted: CidrSet
  /** Lower case; 'proxy_protocol' reads the connection's preamble instead of a field. */
  readonly realIpHeader: string
  readonly realIpRecursive: boolean
}
