/** A request that nobody sent: the exchange a listener would have made of a method, a URL and some fields. */
import { faults, GatewayError } from '../../base/faults.ts'
import { Outbox } from '../../base/outbox.ts'
import { Exchange } from '../../contract/exchange.ts'
import type { Client } from '../../contract/listener.ts'
import { REQUEST_LIMITS } from '../../http1/limits.ts'

export function makeRequest(method: string, url: string, fields: readonly string[]): Exchange {
  const parts = /^(https?):\/\/([^/?#]+)([^#]*)/.exec(url)
  if (parts === null) throw new GatewayError(faults.REQUEST_MALFORMED, `${url} is not an http or https URL`)
  const [, scheme, host, rest] = parts
  const path = rest === '' || rest!.startsWith('?') ? `/${rest}` : rest
  const hasHost = fields.some((field) => /^host\s*:/i.test(field))
  const lines = [`${method} ${path} HTTP/1.1`, ...(hasHost ? [] : [`Host: ${host}`]), ...fields, '', '']
  const head = Buffer.from(lines.join('\r\n'))
  const x = new Exchange(REQUEST_LIMITS)
  if (x.request.feed(head, 0, head.length) !== head.length) {
    throw new GatewayError(faults.REQUEST_MALFORMED, 'method, URL or a field can not be sent')
  }
  // Whoever asks about a call of gRPC means one that comes as such calls do.
  const isHttp2 = fields.some((field) => /^content-type\s*:\s*application\/grpc/i.test(field))
  x.client = makeClient(scheme === 'https' ? 'https' : 'http', host!, isHttp2)
  return x
}

const nothing = (): void => {}

function makeClient(scheme: 'http' | 'https', host: string, isHttp2: boolean): Client {
  return {
    out: new Outbox(),
    writeHead: nothing,
    halfEnd: nothing,
    writeInfo: nothing,
    writeBody: () => true,
    end: nothing,
    abort: nothing,
    pauseBody: nothing,
    resumeBody: nothing,
    writeContinue: nothing,
    peerAddress: '127.0.0.1',
    peerPort: 0,
    localAddress: '127.0.0.1',
    localPort: scheme === 'https' ? 443 : 80,
    scheme,
    sni: scheme === 'https' ? host.replace(/:\d+$/, '') : '',
    tls: null,
    isHttp2,
    proxiedAddress: '',
    connectionId: 1,
    requestsOnConnection: 1,
    forwardFields: new Uint8Array(0),
    forwardHost: new Uint8Array(0),
    forwardPort: 0,
  }
}
