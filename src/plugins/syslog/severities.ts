/** severities — the words of syslog's severities and facilities, and their numbers (RFC 5424 section 6.2.1). */

export const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const
export type Severity = (typeof SEVERITIES)[number]

const NUMBERS = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const

export type Facility = keyof typeof NUMBERS
export const FACILITIES = [
  'auth',
  'authpriv',
  'cron',
  'daemon',
  'ftp',
  'kern',
  'lpr',
  'mail',
  'news',
  'syslog',
  'user',
  'uucp',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const satisfies readonly Facility[]

/** The number in front of a message. -1: this severity is below the level, and nothing is written. */
export function priorityOf(facility: Facility, severity: Severity, level: Severity): number {
  const number = SEVERITIES.indexOf(severity)
  return number > SEVERITIES.indexOf(level) ? -1 : NUMBERS[facility] * 8 + number
}
