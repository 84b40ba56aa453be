/** ask-process — runs one of the bench's own programs in a process of its own: a question in, an answer out, as JSON. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onEnding } from '../measure/ending.ts'
import { has } from '../measure/run-child.ts'

export interface Asked {
  /** The built program; it uses `answerQuestion`. */
  readonly program: URL
  /** CPU numbers it may run on; all where there are none, or no taskset. */
  readonly cores: readonly number[]
  /** It is killed when it has not answered by then. */
  readonly withinMs: number
}

/** Rejects with what the program said when it fails. */
export function askProcess<Answer>({ program, cores, withinMs }: Asked, question: unknown): Promise<Answer> {
  const command = [process.execPath, fileURLToPath(program)]
  if (cores.length > 0 && has('taskset')) command.unshift('taskset', '-c', cores.join(','))
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] })
  const kill = (): boolean => child.kill('SIGKILL')
  const forget = onEnding(() => void kill())
  let isLate = false
  const late = setTimeout(() => {
    isLate = kill()
  }, withinMs)
  let out = ''
  let words = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })
  // Its input stays open: the program ends by itself when that closes with us.
  child.stdin.on('error', () => {}) // it is gone before it read; its end tells why
  child.stdin.write(`${JSON.stringify(question)}\n`)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(late)
      forget()
      child.stdin.destroy()
      if (code === 0) return resolve(JSON.parse(out) as Answer) // our own program's
      const silent = `${program.pathname} ended with ${code ?? signal} and said nothing`
      const slow = `${program.pathname} has not ended after ${withinMs / 1000} s`
      reject(new Error(isLate ? slow : words.trim() || silent))
    })
  })
}

/** The other side: reads the one question, writes the answer, and ends. */
export async function answerQuestion<Question>(
  answer: (question: Question) => Promise<unknown>,
): Promise<void> {
  try {
    const question = JSON.parse(await readLine()) as Question // from askProcess
    const text = JSON.stringify(await answer(question))
    process.stdout.write(text, () => process.exit(0))
  } catch (cause) {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`, () => process.exit(1))
  }
}

function readLine(): Promise<string> {
  let text = ''
  return new Promise((resolve) => {
    process.stdin.setEncoding('utf8').on('data', (more: string) => {
      text += more
      if (more.includes('\n')) resolve(text)
    })
    process.stdin.once('end', () => process.exit(1))
  })
}
