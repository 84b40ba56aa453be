/** http-log — sends a record of each request to an HTTP server, as JSON: one a request, or many together. */
import { definePlugin } from '../../contract/plugin.ts'
import { LogHandler } from '../../logs/log-handler.ts'
import { CONNECTIONS_MAX, type PostSettings } from '../../shipping/post.ts'
import { olderQueueWarnings, queueSettingsOf } from '../../shipping/queue-schema.ts'
import { headerValueRule, urlRule } from '../../shipping/receiver-fields.ts'
import { type Config, schema } from './schema.ts'
import type { ShipHttpSettings } from './ship-http.ts'

export default definePlugin({
  name: 'http-log',
  summary: 'Sends a record of each request to an HTTP server.',
  priority: 12,
  schema,
  build: (config, host) => {
    checkSecrets(config)
    if (host.workerId === 0)
      for (const warning of olderQueueWarnings('http-log', config)) host.log('warn', warning)
    const post: PostSettings = {
      url: config.http_endpoint,
      method: config.method,
      headers: { ...config.headers, 'content-type': config.content_type },
      connectTimeoutMs: config.timeout,
      sendTimeoutMs: config.timeout,
      readTimeoutMs: config.timeout,
      keepaliveMs: config.keepalive,
      connections: config.queue.concurrency_limit === 1 ? 1 : CONNECTIONS_MAX,
      verifiesTls: config.ssl_verify,
    }
    const settings: ShipHttpSettings = {
      place: new URL(config.http_endpoint).origin,
      post,
      queue: queueSettingsOf(config.queue, config),
    }
    return new LogHandler(host.logs.open(import.meta.url, 'ship-http', settings), config.custom_fields, host)
  },
})

/** The schema has seen the reference alone of what a vault has given; a newline behind a key is common. */
function checkSecrets(config: Config): void {
  const endpoint = urlRule(config.http_endpoint)
  if (endpoint !== null) throw new Error(`http_endpoint: ${endpoint}`)
  for (const [name, value] of Object.entries(config.headers ?? {})) {
    const problem = headerValueRule(value)
    if (problem !== null) throw new Error(`headers.${name}: ${problem}`)
  }
}
