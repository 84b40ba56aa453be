/** `sluice hash-password`: reads a password and prints the hash that a kong.yml may hold in its place. */
import { randomBytes } from 'node:crypto'
import { makeScrypt } from '../../../plugins/basic-auth/check-scrypt.ts'
import { GIVEN_BYTES_MAX } from '../../../plugins/basic-auth/given.ts'
import { EXIT_OK, EXIT_USAGE } from '../exit-codes.ts'

const CTRL_C = '\u0003'
const ERASE = /[\b\u007f]/

export async function hashPassword(): Promise<number> {
  const password = process.stdin.isTTY ? await ask() : await readLine()
  if (password === '' || Buffer.byteLength(password) > GIVEN_BYTES_MAX / 2) {
    const problem = password === '' ? 'no password was given' : 'the password is too long'
    process.stderr.write(`${problem}; write it into standard input, as one line\n`)
    return EXIT_USAGE
  }
  process.stdout.write(`${makeScrypt(Buffer.from(password), randomBytes)}\n`)
  return EXIT_OK
}

/** The first line: a line feed behind it, as echo writes one, does not belong to it. */
async function readLine(): Promise<string> {
  let text = ''
  for await (const piece of process.stdin.setEncoding('utf8')) {
    text += String(piece)
    if (text.includes('\n')) break
  }
  return text.split(/\r?\n/, 1)[0]!
}

/** Typed on a terminal, which is not to show it. */
function ask(): Promise<string> {
  const { stdin } = process
  process.stderr.write('Password: ')
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  let text = ''
  return new Promise((resolve) => {
    const end = (typed: string) => {
      stdin.setRawMode(false)
      stdin.off('data', take)
      stdin.pause()
      process.stderr.write('\n')
      resolve(typed)
    }
    const take = (piece: string) => {
      for (const char of piece) {
        if (char === CTRL_C) return end('')
        if (char === '\r' || char === '\n') return end(text)
        text = ERASE.test(char) ? [...text].slice(0, -1).join('') : text + char
      }
    }
    stdin.on('data', take)
  })
}
