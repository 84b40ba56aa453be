/** ship-udp — the log thread's end of udp-log: a datagram a record. */
import type { LogRecord, Sink, SinkTools } from '../../contract/machine/log-sinks.ts'
import { type EntityOf, kongLog } from '../../logs/kong-log.ts'
import { type DatagramSettings, Datagrams } from '../../shipping/datagrams.ts'

export function shipUdp(settings: DatagramSettings, tools: SinkTools): Sink {
  const entity: EntityOf = (kind, id) => tools.entity(kind, id)
  const datagrams = new Datagrams(`udp-log ${settings.host}:${settings.port}`, settings, tools)
  return {
    write: (record: LogRecord) => datagrams.send(kongLog(record, entity)),
    get waiting() {
      return datagrams.waiting
    },
    close: (graceMs) => datagrams.close(graceMs),
  }
}
