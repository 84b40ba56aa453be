/**
 * http-date — the three forms of a date that HTTP knows (RFC 9110 §5.6.7), as seconds since 1970:
 *
 *     Sun, 06 Nov 1994 08:49:37 GMT      Sunday, 06-Nov-94 08:49:37 GMT      Sun Nov  6 08:49:37 1994
 *
 * HOT     Runs once a signed request. No allocation: digits are read where they stand.
 */
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
const DAYS_IN = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
/** The least that is left behind the name of the day in each form. */
const FIXED = '06 Nov 1994 08:49:37 GMT'.length
const OLD = '06-Nov-94 08:49:37 GMT'.length
const ASCTIME = 'Sun Nov  6 08:49:37 1994'.length
/** A year of two digits is at most that far in the future; more is a hundred years ago. */
const FUTURE_YEARS = 50
const MEAN_YEAR_S = 31_556_952
const SP = 32
const DASH = 45

/** NaN: it is none. `nowS` tells the century of a year of two digits. The day's name is not checked. */
export function parseHttpDate(text: string, nowS: number): number {
  const comma = text.indexOf(', ')
  if (comma < 0) return text.length === ASCTIME ? parseAsctime(text) : Number.NaN
  const at = comma + 2
  if (!isName(text, comma)) return Number.NaN
  if (text.length - at === FIXED) {
    if (!isGmt(text, SP, at)) return Number.NaN
    return secondsOf(
      number(text, at + 7, 4),
      monthAt(text, at + 3),
      number(text, at, 2),
      timeAt(text, at + 12),
    )
  }
  if (text.length - at !== OLD || !isGmt(text, DASH, at)) return Number.NaN
  const year = fullYear(number(text, at + 7, 2), nowS)
  return secondsOf(year, monthAt(text, at + 3), number(text, at, 2), timeAt(text, at + 10))
}

function parseAsctime(text: string): number {
  const isSplit = text.charCodeAt(3) === SP && text.charCodeAt(7) === SP && text.charCodeAt(19) === SP
  if (!isSplit || text.charCodeAt(10) !== SP || !isName(text, 3)) return Number.NaN
  const day = text.charCodeAt(8) === SP ? number(text, 9, 1) : number(text, 8, 2)
  return secondsOf(number(text, 20, 4), monthAt(text, 4), day, timeAt(text, 11))
}

/** What stands between the parts of the first two forms, and behind them. */
function isGmt(text: string, between: number, at: number): boolean {
  const isSplit = text.charCodeAt(at + 2) === between && text.charCodeAt(at + 6) === between
  const end = text.length
  return isSplit && text.charCodeAt(end - 13) === SP && text.endsWith(' GMT')
}

function isName(text: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const small = text.charCodeAt(i) | 0x20
    if (small < 97 || small > 122) return false
  }
  return end >= 3
}

function fullYear(short: number, nowS: number): number {
  const now = 1970 + Math.floor(nowS / MEAN_YEAR_S)
  const year = now - (now % 100) + short
  return year > now + FUTURE_YEARS ? year - 100 : year
}

/** From 0; NaN for what is no month. */
function monthAt(text: string, at: number): number {
  for (let month = 0; month < 12; month++)
    if (text.startsWith(MONTHS.slice(3 * month, 3 * month + 3), at)) return month
  return Number.NaN
}

/** Seconds since midnight. 60 is a leap second. */
function timeAt(text: string, at: number): number {
  if (text.charCodeAt(at + 2) !== 58 || text.charCodeAt(at + 5) !== 58) return Number.NaN
  const hours = number(text, at, 2)
  const minutes = number(text, at + 3, 2)
  const seconds = number(text, at + 6, 2)
  return hours < 24 && minutes < 60 && seconds <= 60 ? hours * 3600 + minutes * 60 + seconds : Number.NaN
}

/** `count` digits. */
function number(text: string, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

function secondsOf(year: number, month: number, day: number, time: number): number {
  if (!(year >= 1970 && day >= 1 && day <= DAYS_IN[month]!)) return Number.NaN
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  if (month === 1 && day === 29 && !isLeap) return Number.NaN
  const years = year - 1
  const leaps = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400) - 477
  const days = (year - 1970) * 365 + leaps + DAYS_BEFORE[month]! + day - 1 + (isLeap && month > 1 ? 1 : 0)
  return days * 86_400 + time
}
