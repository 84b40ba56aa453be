/** Sockets of this machine in place of a service's host or a target, which Kong has not: `unix:/run/app.sock`. */

const UNIX = 'unix:'
/** What an address of a socket holds on Linux, less the zero at its end. */
const PATH_BYTES_MAX = 107

/** Null when `text` is not meant as a path of a socket, or is a good one. */
export function socketProblem(text: string): string | null {
  if (!isSocketText(text)) return null
  const path = text.slice(UNIX.length)
  if (!path.startsWith('/')) return `invalid socket: '${text}' must be unix: and an absolute path`
  if (path.endsWith('/')) return `invalid socket: '${text}' names a directory`
  if (!/^[\x21-\x7e]+$/.test(path)) return `invalid socket: its path must be printable ASCII without spaces`
  if (path.length <= PATH_BYTES_MAX) return null
  return `invalid socket: its path has ${path.length} bytes, and the system allows ${PATH_BYTES_MAX}`
}

export function isSocketText(text: string): boolean {
  return text.startsWith(UNIX)
}
