/** The load of a scenario on a gateway of this machine. */
import { isSecure, type Scenario } from '../load/scenario.ts'
import type { ClosedLoad } from './load-result.ts'

export function closedLoadOf(scenario: Scenario, port: number, seconds: number): ClosedLoad {
  const { method, paths, fields, upload, connections, protocol, streams = 1 } = scenario
  const origin = `${isSecure(scenario) ? 'https' : 'http'}://127.0.0.1:${port}`
  const asked = { origin, method, paths, fields, upload, connections, streams, seconds }
  return protocol === undefined ? asked : { ...asked, protocol }
}
