/**
 * query — takes an argument out of a request's query where it lies: what is written of the request from then on, to
 * the target and into the access log, is without it.
 *
 * HOT     Runs once a request whose key is hidden. It moves bytes of the request line, and nothing behind it.
 */
import type { Head } from '../head.ts'
import type { Argument } from './argument.ts'

export function removeFromQuery(head: Head, argument: Argument): void {
  const start = head.pathEnd + 1
  if (start >= head.targetEnd) return
  const end = argument.remove(head.bytes, start, head.targetEnd)
  if (end === head.targetEnd) return
  // What the bytes held before is nobody's to read.
  head.bytes.fill(0, end, head.targetEnd)
  head.targetEnd = end === start ? head.pathEnd : end
}
