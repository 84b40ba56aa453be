/**
 * echo-origin — sends each message of a WebSocket back: `node echo-origin.js PORT`.
 *
 * It knows no other message than that of echo-messages.ts: what is measured stands between it and the clients.
 */
import net from 'node:net'
import { clientMessage, HEAD_END, serverMessage, upgradeAnswer } from './echo-messages.ts'

const REFUSED = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

function serve(socket: net.Socket): void {
  let left = clientMessage.length
  let head = ''
  let isOpen = false
  const upgrade = (chunk: Buffer): void => {
    head += chunk.toString('latin1')
    if (!head.endsWith(HEAD_END)) return
    const answer = upgradeAnswer(head)
    if (answer === '') return void socket.end(REFUSED)
    isOpen = true
    socket.write(answer)
  }
  socket.on('error', () => {}) // the end of a round cuts it
  socket.on('data', (chunk: Buffer) => {
    if (!isOpen) return upgrade(chunk)
    left -= chunk.length
    for (; left <= 0; left += clientMessage.length) socket.write(serverMessage)
  })
}

net
  .createServer({ noDelay: true }, serve)
  .listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 })
