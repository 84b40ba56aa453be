/** A client of TLS that tells what came of its handshake and asks over it. */

import type { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

const PATIENCE_MS = 20_000

export interface Answered {
  /** Of the certificate that was served; '' for a resumed session of TLS 1.3, whose handshake has none. */
  readonly name: string
  readonly protocol: string
  readonly alpn: string
  readonly resumed: boolean
  readonly status: number
  readonly text: string
  /** The last session a ticket was given for. */
  readonly session: Buffer | null
}

export type TlsOptions = Omit<tls.ConnectionOptions, 'port'>

/** An open connection, whose handshake is done; rejects when that fails. */
export async function shake(port: number, options: TlsOptions = {}): Promise<tls.TLSSocket> {
  const place = options.socket === undefined ? { host: '127.0.0.1', port } : {}
  const socket = tls.connect({ ...place, rejectUnauthorized: false, ...options })
  const late = setTimeout(() => socket.destroy(new Error('no handshake in time')), PATIENCE_MS)
  try {
    await once(socket, 'secureConnect')
  } finally {
    clearTimeout(late)
  }
  return socket
}

/** Why a handshake fails: its error's code. Throws when it does not fail. */
export async function failure(port: number, options: TlsOptions = {}): Promise<string> {
  let socket: tls.TLSSocket
  try {
    socket = await shake(port, options)
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
  // In TLS 1.3 a client may be done before the server has judged what it sent.
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  return String(error.code)
}

/** One request on a connection of its own, which the gateway is to end. */
export async function askTls(port: number, options: TlsOptions = {}, path = '/'): Promise<Answered> {
  const socket = await shake(port, options)
  let session: Buffer | null = null
  socket.on('session', (ticket: Buffer) => {
    session = ticket
  })
  const text = await request(socket, path, 'close')
  const head = text.slice(0, text.indexOf('\r\n\r\n'))
  const answered = {
    name: nameOf(socket),
    protocol: socket.getProtocol() ?? '',
    alpn: socket.alpnProtocol || '',
    resumed: socket.isSessionReused(),
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
    text: text.slice(head.length + 4),
    // In TLS 1.2 it comes within the handshake.
    session: session ?? socket.getSession() ?? null,
  }
  socket.destroy()
  return answered
}

/** Sends a request and reads to the end: of the connection, or of the answer's Content-Length. */
export function request(socket: net.Socket, path: string, connection: string, host = 'h'): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => over(new Error(`half an answer: ${text.slice(0, 200)}`)), PATIENCE_MS)
    let text = ''
    const over = (error: Error | null): void => {
      clearTimeout(late)
      socket.off('data', take).off('end', end).off('error', over).off('close', gone)
      if (error === null) resolve(text)
      else reject(error)
    }
    const take = (bytes: Buffer): void => {
      text += bytes.toString('latin1')
      if (connection !== 'close' && isWhole(text)) over(null)
    }
    const end = (): void => over(isWhole(text) ? null : new Error(`cut: ${text.slice(0, 200)}`))
    const gone = (): void => over(new Error('closed without an end'))
    socket.on('data', take).on('end', end).on('error', over).on('close', gone)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: ${connection}\r\n\r\n`)
  })
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end + 2))?.[1]
  return end >= 0 && (length === undefined || text.length - end - 4 >= Number(length))
}

export function nameOf(socket: tls.TLSSocket): string {
  const served = socket.getPeerX509Certificate()
  return served === undefined ? '' : commonName(served)
}

export function commonName(certificate: X509Certificate): string {
  return /CN=([^\n]*)/.exec(certificate.subject)?.[1] ?? ''
}

/** Opens a plain connection, sends `bytes` and answers all that comes until it is closed. */
export async function sayPlain(port: number, bytes: string | Buffer): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  // A reset is an end too.
  socket.on('error', () => {})
  socket.write(bytes)
  await once(socket, 'close')
  return text
}
