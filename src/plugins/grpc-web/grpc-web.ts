/**
 * grpc-web — lets browsers call gRPC services: gRPC-Web over any HTTP in, gRPC over HTTP/2 out.
 *
 * Messages pass as they come, in both directions; what differs is their framing. The route speaks http or https, its
 * service grpc or grpcs. Whoever sends plain gRPC through the same route is let through as he is.
 */
import { Outbox } from '../../base/outbox.ts'
import { answer } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, definePlugin, type Handler, NEXT, type Verdict } from '../../contract/plugin.ts'
import { type Infer, s, type Value } from '../../contract/schema.ts'
import { getField, setField } from '../../http1/fields.ts'
import { CHUNKED } from '../../http1/framing.ts'
import { escapePath } from '../../http1/uri.ts'
import { Base64Body, decodeGroups } from './base64-body.ts'
import { isGrpcWeb, isText, typeOf } from './content-types.ts'
import { WebAnswer } from './web-answer.ts'

const GRPC = 'application/grpc'
const PLAIN = 'text/plain; charset=utf-8'
const NOTE = 'grpc-web'

const schema = s.record({
  proto: s.string({
    custom: noTranscoding,
    says: 'Kong reads a .proto file here and translates JSON. This gateway does not: leave it out.',
  }),
  pass_stripped_path: s.boolean({
    says: 'The target is asked for what strip_path leaves of the path, and not for all of it.',
  }),
  allow_origin_header: s.string({
    default: '*',
    says: 'Access-Control-Allow-Origin of every answer.',
  }),
})

function noTranscoding(value: Value): string | null {
  if (value === null) return null
  return 'translating JSON by a .proto file is not supported; gRPC-Web clients that send protobuf need no proto'
}

export default definePlugin({
  name: 'grpc-web',
  summary: 'Lets browsers call gRPC services by gRPC-Web.',
  priority: 3, // the last to touch a request that goes on
  schema,
  build: (config) => new GrpcWeb(config),
})

class GrpcWeb implements Handler {
  readonly #origin: string
  readonly #passesStripped: boolean
  readonly #scratch: Outbox

  constructor(config: Infer<typeof schema>) {
    this.#origin = config.allow_origin_header
    this.#passesStripped = config.pass_stripped_path === true
    this.#scratch = new Outbox()
  }

  onRequest(x: Exchange): Verdict {
    if (isOptions(x)) return this.#answerPreflight(x)
    const type = typeOf(x)
    if (type === GRPC || type.startsWith(`${GRPC}+`)) return NEXT
    if (!isGrpcWeb(type)) {
      answer(x, 400, 'transcoding requests require a .proto file defining the service', PLAIN)
      return DONE
    }
    x.notes ??= new Map()
    x.notes.set(NOTE, type)
    if (isText(type) && !decodeBody(x)) {
      answer(x, 400, 'the body is no base64', PLAIN)
      return DONE
    }
    setField(x.request, 'content-type', GRPC)
    setField(x.request, 'te', 'trailers')
    if (!this.#passesStripped) this.#passWholePath(x)
    return NEXT
  }

  #answerPreflight(x: Exchange): Verdict {
    answer(x, 200, 'OK', 'application/grpc-web-text+proto')
    setField(x.response, 'Access-Control-Allow-Origin', this.#origin)
    setField(x.response, 'Access-Control-Allow-Methods', 'POST')
    setField(x.response, 'Access-Control-Allow-Headers', 'content-type,x-grpc-web,x-user-agent')
    return DONE
  }

  /** A gRPC service is asked by the name of its method, which is all of the path. */
  #passWholePath(x: Exchange): void {
    if (x.upstreamUri !== '' || x.route?.stripPath !== true || x.matchedLength <= 0) return
    const out = this.#scratch
    escapePath(x.pathBytes, x.pathStart, x.pathEnd, out)
    out.put(x.request.bytes, x.request.pathEnd, x.request.targetEnd)
    x.upstreamUri = out.bytes.latin1Slice(0, out.used)
    out.release()
  }

  onResponse(x: Exchange): void {
    if (isOptions(x)) return
    // Where an earlier plugin has refused, this one's request step has not run.
    const type = x.notes?.get(NOTE) ?? typeOf(x)
    if (typeof type !== 'string' || !isGrpcWeb(type)) return
    setField(x.response, 'Access-Control-Allow-Origin', this.#origin)
    if (!isAnswerOfGrpc(x)) return
    setField(x.response, 'Content-Type', type)
    if (x.bodyless) return
    // gRPC-Web clients read the status of the call, and nothing where HTTP has another.
    if (!x.proxied) x.status = 200
    x.responseTransform = new WebAnswer(isText(type))
    x.responseLength = CHUNKED
  }
}

/** The target's, or ours in gRPC's form; not a page of something in between. */
function isAnswerOfGrpc(x: Exchange): boolean {
  return (getField(x.response, 'content-type') ?? '').toLowerCase().startsWith(GRPC)
}

/** False: a body that was gathered before is no base64. One that streams is decoded as it comes. */
function decodeBody(x: Exchange): boolean {
  if (x.requestBody === null) {
    x.requestTransform = new Base64Body()
    return true
  }
  const body = decodeGroups(x.requestBody.latin1Slice(0, x.requestBody.length))
  if (body !== null) x.requestBody = body
  return body !== null
}

function isOptions(x: Exchange): boolean {
  const head = x.request
  return head.bytes.latin1Slice(head.methodStart, head.methodEnd) === 'OPTIONS'
}
