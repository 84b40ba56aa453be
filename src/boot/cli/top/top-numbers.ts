/** top-numbers — numbers in few columns. */

const NONE = '-'
const MILLION = 1e6
const DAY_S = 86_400

/** At most 6 characters: 0.25, 12.5, 845, 12.3k, 1.20M. */
export function count(value: number | null): string {
  if (value === null) return NONE
  if (value === 0) return '0'
  if (value < 9.995) return value.toFixed(2)
  if (value < 99.95) return value.toFixed(1)
  if (value < 99_999.5) return String(Math.round(value))
  if (value < 999_950) return `${Math.round(value / 1000)}k`
  return value < 99.95 * MILLION ? `${(value / MILLION).toFixed(2)}M` : `${Math.round(value / MILLION)}M`
}

/** Of milliseconds; at most 6 characters: 0.043, 1.24, 87.1, 1240, 61.2s, 1073s. */
export function duration(ms: number | null): string {
  if (ms === null) return NONE
  if (ms === 0) return '0'
  if (ms < 0.9995) return ms.toFixed(3)
  if (ms < 9.995) return ms.toFixed(2)
  if (ms < 99.95) return ms.toFixed(1)
  if (ms < 9999.5) return String(Math.round(ms))
  return ms < 99_950 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms / 1000)}s`
}

/** Of 100: what is not all and not nothing does not look so. */
export function share(percent: number | null): string {
  if (percent === null) return NONE
  if (percent === 0 || percent === 100) return String(percent)
  return percent.toFixed(1)
}

export function bytes(value: number): string {
  const megabytes = value / 1024 ** 2
  return megabytes < 9999.5 ? `${Math.round(megabytes)} MB` : `${(megabytes / 1024).toFixed(1)} GB`
}

export function uptime(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const days = Math.floor(seconds / DAY_S)
  const time = `${two((seconds % DAY_S) / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`
  return days === 0 ? time : `${days}d ${time}`
}
