/** open-access-line — what writes access lines, by the format that the environment names. */
import { Clock } from '../../base/clock.ts'
import { TIMERS } from '../../contract/record/timers.ts'
import { AccessLine } from '../access-line.ts'
import { DEFAULT_FORMATS, FormatProblem, JSON_FORMAT, parseFormat } from './access-format.ts'
import { FormattedLine, type LineWriter } from './formatted-line.ts'
import { JsonLine } from './json-line.ts'

/** Throws FormatProblem, which says where and lists what there is. */
export function openAccessLine(format: string, clock: Clock, hostname: string): LineWriter {
  if (DEFAULT_FORMATS.includes(format)) return new AccessLine(clock)
  const facts = { clock, hostname, timers: new Float64Array(TIMERS) }
  if (format === JSON_FORMAT) return new JsonLine(facts)
  return new FormattedLine(parseFormat(format, facts), facts)
}

/** What is wrong with a format; '' for one that can be used. */
export function checkAccessFormat(format: string): string {
  try {
    openAccessLine(
      format,
      new Clock(
        () => 0,
        () => 0,
      ),
      '',
    )
    return ''
  } catch (cause) {
    if (cause instanceof FormatProblem) return cause.message
    throw cause
  }
}
