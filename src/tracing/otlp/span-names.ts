/** span-names — what only the configuration in force knows of an exchange. */
import type { LogRecord, SinkTools } from '../../contract/machine/log-sinks.ts'

/** '' where there is none. */
export interface SpanNames {
  /** The first path of the route. */
  readonly routePath: string
  readonly route: string
  readonly service: string
  readonly consumer: string
}

export function spanNamesOf(record: LogRecord, tools: Pick<SinkTools, 'entity'>): SpanNames {
  const route = record.routeId === '' ? null : tools.entity('route', record.routeId)
  const service = record.serviceId === '' ? null : tools.entity('service', record.serviceId)
  const consumer = record.consumerId === '' ? null : tools.entity('consumer', record.consumerId)
  return {
    routePath: firstOf(route, 'paths'),
    route: nameOf(route, 'name', record.routeId),
    service: nameOf(service, 'name', record.serviceId),
    consumer: nameOf(consumer, 'username', record.consumerId),
  }
}

function nameOf(entity: object | null, field: string, id: string): string {
  const name = fieldOf(entity, field)
  return typeof name === 'string' ? name : id
}

function firstOf(entity: object | null, field: string): string {
  const values = fieldOf(entity, field)
  return Array.isArray(values) && typeof values[0] === 'string' ? values[0] : ''
}

function fieldOf(entity: object | null, field: string): unknown {
  return entity === null ? null : Reflect.get(entity, field)
}
