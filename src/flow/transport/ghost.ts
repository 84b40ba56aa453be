/** Stands in a line for a request that its client gave up, so that the answer can be read past. */
import { Exchange } from '../../contract/exchange.ts'
import { REQUEST_LIMITS } from '../../http1/limits.ts'

export function ghostOf(x: Exchange): Exchange {
  const ghost = new Exchange(REQUEST_LIMITS)
  const head = x.request
  const line = Buffer.from(
    `${head.bytes.latin1Slice(head.methodStart, head.methodEnd)} / HTTP/1.1\r\n\r\n`,
    'latin1',
  )
  ghost.request.feed(line, 0, line.length)
  return ghost
}
