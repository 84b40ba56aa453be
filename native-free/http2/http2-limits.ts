/** What one HTTP/2 connection may cost. Times and sizes that an operator sets are in ListenerLimits. */
export const http2Limits = {
  /** Requests under way on one connection; what comes beyond is refused with REFUSED_STREAM. */
  streamsMax: 128,
  /** Bytes of a body that a client may send before the flow has taken them: 5 MB/s over a way of 50 ms. */
  streamWindow: 256 * 1024,
  /** The same for all bodies of a connection together: 7 of them can stand still without holding up another. */
  connectionWindow: 2 * 1024 * 1024,
  /** Bytes of one header block with its continuations, as compressed. */
  blockBytesMax: 64 * 1024,
  /** Frames of one header block. */
  blockFramesMax: 32,
  /** The dynamic table of what clients send. */
  tableBytesMax: 4096,
  /** Streams reset within a second: by the client, or by us for what the client did. */
  resetsMax: 256,
  /** Frames that ask for work and bring none (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty ones): at once … */
  idleFramesMax: 2000,
  /** … and a second. Each useful frame allows for `idleFramesEarned` more. */
  idleFramesRate: 200,
  idleFramesEarned: 8,
  /** Bytes waiting for a client that does not read, above which nothing more of it is read. */
  chokedBytes: 64 * 1024,
  /** A client has to acknowledge our SETTINGS within this time. */
  settingsMs: 20_000,
  /** How long a client has for what is on its way when the connection is to end. */
  leaveMs: 1000,
  /** How long what a client still sends is read and dropped behind the last GOAWAY, or behind a stream's answer. */
  lingerMs: 2000,
  /** A slow reader has to take so many bytes within the time to send. */
  progressBytes: 1024,
  /** Streams remembered for what may still be under way when they are gone. */
  goneKept: 512,
} as const
