/** tcp-log — sends a record of each request to a server over TCP or TLS: a line of JSON each. */
import { definePlugin } from '../../contract/plugin.ts'
import { s } from '../../contract/schema.ts'
import { customFields } from '../../logs/custom-fields.ts'
import { LogHandler } from '../../logs/log-handler.ts'
import {
  hostField,
  keepaliveField,
  portField,
  timeoutField,
  verifyField,
} from '../../shipping/receiver-fields.ts'
import type { StreamSocketSettings } from '../../shipping/stream-socket.ts'

const schema = s.record({
  host: hostField,
  port: portField,
  timeout: timeoutField('Milliseconds for connecting, and for the receiver to take what is sent.'),
  keepalive: keepaliveField('Milliseconds after which a connection that is not used is closed; 0: never.'),
  tls: s.boolean({ default: false, says: 'Speaks TLS.' }),
  tls_sni: s.string({ says: "The name to ask for and to check in TLS; absent: the host's." }),
  ssl_verify: verifyField,
  ...customFields,
})

export default definePlugin({
  name: 'tcp-log',
  summary: 'Sends a record of each request to a server over TCP.',
  priority: 7,
  schema,
  build: (config, host) => {
    const settings: StreamSocketSettings = {
      host: config.host,
      port: config.port,
      timeoutMs: config.timeout,
      keepaliveMs: config.keepalive,
      tls: config.tls ? { serverName: config.tls_sni, verifies: config.ssl_verify } : null,
    }
    return new LogHandler(host.logs.open(import.meta.url, 'ship-tcp', settings), config.custom_fields, host)
  },
})
