/** The close frame that the gateway puts between the frames of others (RFC 6455 §5.5.1, §7.4.1). */

/** "Going away": the server goes down, or the time of this connection is over. A client may come back at once. */
export const GOING_AWAY = 1001

const FIN_CLOSE = 0x88
const CODE_BYTES = 2
const MASKED = 0x80

/** As servers send it. */
export function makeServerClose(code: number): Buffer {
  return Buffer.from([FIN_CLOSE, CODE_BYTES, code >> 8, code & 255])
}

/** As clients send it: masked. `random` answers numbers from [0, 1). */
export function makeClientClose(code: number, random: () => number): Buffer {
  const mask = [0, 0, 0, 0].map(() => Math.floor(random() * 256))
  const payload = [(code >> 8) ^ mask[0]!, (code & 255) ^ mask[1]!]
  return Buffer.from([FIN_CLOSE, MASKED | CODE_BYTES, ...mask, ...payload])
}
