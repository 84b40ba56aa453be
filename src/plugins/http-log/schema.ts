/** The configuration of http-log: Kong's. */
import { type Infer, s, type Value } from '../../contract/schema.ts'
import { customFields } from '../../logs/custom-fields.ts'
import { olderQueueFields, queueField } from '../../shipping/queue-schema.ts'
import {
  headersField,
  keepaliveField,
  timeoutField,
  urlRule,
  verifyField,
} from '../../shipping/receiver-fields.ts'

/** Fields that follow from what is sent, and from where. */
const OURS = new Map([
  ['host', 'Host'],
  ['content-length', 'Content-Length'],
  ['content-type', 'Content-Type'],
  ['transfer-encoding', 'Transfer-Encoding'],
  ['connection', 'Connection'],
])

export const schema = s.record(
  {
    http_endpoint: s.string({
      required: true,
      encrypted: true,
      referenceable: true,
      custom: urlRule,
      says: 'Where records go. User and password in it are sent as Basic auth; no log shows them.',
    }),
    method: s.string({ default: 'POST', one_of: ['POST', 'PUT', 'PATCH'], says: 'How they are sent.' }),
    content_type: s.string({
      default: 'application/json',
      one_of: ['application/json', 'application/json; charset=utf-8'],
      says: 'What the request says of its body.',
    }),
    timeout: timeoutField('Milliseconds for connecting, for sending and for the answer, each.'),
    keepalive: keepaliveField('Milliseconds after which a connection that is not used is closed.'),
    ssl_verify: verifyField,
    headers: headersField(OURS),
    queue: queueField(),
    ...olderQueueFields,
    ...customFields,
  },
  {
    entity_checks: [
      {
        name: 'one authorization',
        fields: ['http_endpoint', 'headers'],
        check: (config) =>
          hasUser(config['http_endpoint'] ?? null) && hasAuthorization(config['headers'] ?? null)
            ? "specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed"
            : null,
      },
    ],
  },
)

export type Config = Infer<typeof schema>

function hasUser(endpoint: Value): boolean {
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return false
  const { username, password } = new URL(endpoint)
  return username !== '' || password !== ''
}

function hasAuthorization(headers: Value): boolean {
  return (
    typeof headers === 'object' &&
    headers !== null &&
    Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
  )
}
