/** udp-log — sends a record of each request to a server over UDP: a datagram of JSON each. */
import { definePlugin } from '../../contract/plugin.ts'
import { s } from '../../contract/schema.ts'
import { customFields } from '../../logs/custom-fields.ts'
import { LogHandler } from '../../logs/log-handler.ts'
import type { DatagramSettings } from '../../shipping/datagrams.ts'
import { hostField, portField, timeoutField } from '../../shipping/receiver-fields.ts'

const schema = s.record({
  host: hostField,
  port: portField,
  timeout: timeoutField("Milliseconds for finding the host's address."),
  ...customFields,
})

export default definePlugin({
  name: 'udp-log',
  summary: 'Sends a record of each request to a server over UDP.',
  priority: 8,
  schema,
  build: (config, host) => {
    const settings: DatagramSettings = { host: config.host, port: config.port, timeoutMs: config.timeout }
    return new LogHandler(host.logs.open(import.meta.url, 'ship-udp', settings), config.custom_fields, host)
  },
})
