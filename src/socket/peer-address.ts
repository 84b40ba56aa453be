/** A socket's address as the gateway names it. */

/** Without the ::ffff: of an IPv4 address on a dual-stack socket; 'unix:' on a unix socket. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined || address === '') return 'unix:'
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
