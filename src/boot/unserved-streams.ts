/** unserved-streams — whether a configuration has routes for streams where no address takes any. */
import type { Config } from '../config/model.ts'

const OF_STREAMS = new Set(['tcp', 'tls', 'tls_passthrough'])

/** What to tell the operator, or ''. */
export function unservedStreams(config: Config, streamListen: readonly unknown[]): string {
  if (streamListen.length > 0) return ''
  const routes = config.routes.filter((route) => route.protocols.some((each) => OF_STREAMS.has(each)))
  const first = routes[0]
  if (first === undefined) return ''
  const others = routes.length === 1 ? '' : ` and ${routes.length - 1} more`
  return `nobody can reach the stream route '${first.name || first.id}'${others}: STREAM_LISTEN is off`
}
