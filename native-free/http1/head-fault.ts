/** What a client is told when its head can't be read. */
import { type Fault, faults } from '../../src/base/faults.ts'
import { BAD_VERSION, TARGET_TOO_LONG, TOO_LARGE } from '../../src/http1/answers.ts'

/** `answer` is one of the codec's refusals (http1/answers.ts). */
export function headFault(answer: number): Fault {
  if (answer === TOO_LARGE) return faults.REQUEST_HEAD_TOO_LARGE
  if (answer === TARGET_TOO_LONG) return faults.REQUEST_URI_TOO_LONG
  if (answer === BAD_VERSION) return faults.VERSION_UNSUPPORTED
  return faults.REQUEST_MALFORMED
}
