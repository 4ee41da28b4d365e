import type { ReadStream } from 'node:tty'

const maximumLength = 4096

/**
 * A password from the terminal, without echo and asked twice, or from a pipe: its only line. Never
 * from the arguments, which every process on the machine can read. Throws Error.
 */
export async function readSecret(question: string): Promise<string> {
  const secret = process.stdin.isTTY ? await askTwice(process.stdin, question) : await readPipe()
  if (!secret) throw new Error('nothing was entered')
  return secret
}

async function readPipe(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk
    if (text.length > maximumLength) throw new Error(`at most ${maximumLength} characters`)
  }
  const line = text.replace(/\r?\n$/, '')
  if (/[\r\n]/.test(line)) throw new Error('one line only: the whole input is one secret')
  return line
}

async function askTwice(terminal: ReadStream, question: string): Promise<string> {
  const first = await ask(terminal, `${question}: `)
  const second = await ask(terminal, `${question} again: `)
  if (first !== second) throw new Error('the two were not the same')
  return first
}

/** The keys that a terminal in raw mode hands over as they are. */
const keys = {
  enter: '\r\n',
  interrupt: '\x03\x04',
  erase: '\b\x7f',
  clear: '\x15',
} as const

function ask(terminal: ReadStream, prompt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = []
    const end = (settle: () => void) => {
      terminal.off('data', take).setRawMode(false).pause()
      process.stderr.write('\n')
      settle()
    }
    const take = (chunk: string) => {
      for (const key of chunk) {
        if (keys.enter.includes(key)) return end(() => resolve(typed.join('')))
        if (keys.interrupt.includes(key)) return end(() => reject(new Error('interrupted')))
        if (keys.clear.includes(key)) typed = []
        else if (keys.erase.includes(key)) typed.pop()
        else if (typed.length < maximumLength) typed.push(key)
      }
    }
    // Raw before asking, so that not even a fast typist sees an echo.
    terminal.setRawMode(true).setEncoding('utf8').on('data', take).resume()
    process.stderr.write(prompt)
  })
}
