/** llhttp as a case of the codec's bench: by Node's own HTTPParser, set up as node:http and its client set it up. */
import { createRequire } from 'node:module'
import type { Case } from '../frame/bench.ts'

type OnHead = (
  major: number,
  minor: number,
  fields: readonly string[] | undefined,
  ...rest: unknown[]
) => number

interface Parser {
  initialize(kind: number, resource: object, headBytesMax: number, lenient: number): void
  /** How many bytes it took, or an Error. */
  execute(bytes: Uint8Array): number | Error
  [callback: number]: unknown
}

interface ParserClass {
  new (): Parser
  readonly REQUEST: number
  readonly RESPONSE: number
  readonly kLenientNone: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
}

/** What the callbacks answer: go on, or take no body to follow, as with the answer to HEAD. */
const GO_ON = 0
const NO_BODY = 1

export type Message = 'request' | 'response' | 'chunked'

/** `bytes` hold the head of a request or a response, or a whole response with a chunked body. */
export function openLlhttp(message: Message, bytes: Buffer): Case {
  // Node's own module has no types, and says that it may change.
  const { HTTPParser } = createRequire(import.meta.url)('node:_http_common') as { HTTPParser: ParserClass }
  const parser = new HTTPParser()
  const kind = message === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE
  parser.initialize(kind, {}, 0, HTTPParser.kLenientNone)
  let seen = 0
  let messages = 0
  const onHead: OnHead = (_major, _minor, fields) => {
    seen += fields?.length ?? 0
    return message === 'response' ? NO_BODY : GO_ON
  }
  parser[HTTPParser.kOnHeadersComplete] = onHead
  parser[HTTPParser.kOnBody] = (body: Buffer) => {
    seen += body.length
  }
  parser[HTTPParser.kOnMessageComplete] = () => {
    messages++
  }
  const run = (times: number): number => {
    messages = 0
    for (let i = 0; i < times; i++) {
      const took = parser.execute(bytes)
      if (took !== bytes.length) throw new Error(`llhttp took ${took} of ${bytes.length} bytes`)
    }
    if (messages !== times) throw new Error(`llhttp saw ${messages} messages in ${times}`)
    return seen
  }
  return { name: 'llhttp', peer: `${process.versions['llhttp']} by HTTPParser`, run }
}
