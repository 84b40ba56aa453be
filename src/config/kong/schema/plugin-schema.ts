/** Plugins: the fields all share, around the schema of the one that is named. */
import type { AnyPlugin } from '../../../contract/plugin.ts'
import { type Field, s, type Value } from '../../../contract/schema.ts'
import { type EntityDefinition, entityRecord, utf8Name } from './entity.ts'
import { PROTOCOLS } from './protocols.ts'

const anyConfig = s.record({})

const shared = {
  name: s.string({ required: true }),
  instance_name: { ...utf8Name, unique: true },
  route: s.foreign('routes'),
  service: s.foreign('services'),
  consumer: s.foreign('consumers'),
  consumer_group: s.foreign('consumer_groups'),
  config: anyConfig,
  protocols: s.set(s.string({ one_of: PROTOCOLS }), {
    required: true,
    len_min: 1,
    default: ['grpc', 'grpcs', 'http', 'https'],
  }),
  enabled: s.boolean({ required: true, default: true }),
} satisfies Record<string, Field>

export const PLUGIN_SCOPE = ['name', 'route', 'service', 'consumer', 'consumer_group']

/** The schema of one that has no name worth looking up; see `pluginSchema`. */
export const plugins: EntityDefinition = {
  name: 'plugins',
  referenceKey: 'instance_name',
  idFields: PLUGIN_SCOPE,
  unique: [['instance_name'], PLUGIN_SCOPE],
  schema: entityRecord(shared),
}

const HTTP = ['grpc', 'grpcs', 'http', 'https']

/** What it can't serve is refused, as by Kong's own plugins. */
function protocolsOf({ protocols = HTTP }: AnyPlugin): Field {
  return s.set(s.string({ one_of: protocols }), { required: true, len_min: 1, default: [...protocols] })
}

function refused(value: Value): string | null {
  return value === null ? null : 'value must be null'
}

/** The whole schema of a plugin entity with this definition. */
export function pluginSchema(definition: AnyPlugin): Field {
  const fields: Record<string, Field> = {
    ...shared,
    config: { ...definition.schema, required: true },
    protocols: protocolsOf(definition),
  }
  for (const scope of definition.noScope ?? []) fields[scope] = { ...shared[scope], custom: refused }
  return entityRecord(fields)
}

/** Kong's own plugins, to tell one that is not there yet from one that is misspelt. */
export const BUNDLED = new Set(
  (
    'acl acme ai-prompt-decorator ai-prompt-guard ai-prompt-template ai-proxy ai-request-transformer ' +
    'ai-response-transformer aws-lambda azure-functions basic-auth bot-detection correlation-id cors datadog file-log ' +
    'grpc-gateway grpc-web hmac-auth http-log ip-restriction jwt key-auth ldap-auth loggly oauth2 opentelemetry ' +
    'post-function pre-function prometheus proxy-cache rate-limiting redirect request-size-limiting ' +
    'request-termination request-transformer response-ratelimiting response-transformer session ' +
    'standard-webhooks statsd syslog tcp-log udp-log zipkin'
  ).split(' '),
)
