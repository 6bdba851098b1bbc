// What goes to the terminal. Results go to standard output, everything else to standard error.
import { type IndexferryError, redact } from '../../foundation/errors.ts'
import { sourceStack } from '../source-stack.ts'

/** For results nobody reads any more. A command that writes documents to standard output takes it off: there it is a failure. */
export const endQuietly = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(0)
}

export const printResult = (text: string): void => {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}

export const printJson = (value: unknown): void => printResult(JSON.stringify(value, null, 2))

export const printNote = (text: string): void => {
  process.stderr.write(`${redact(text)}\n`)
}

/** With --json the one result is the error. */
export function printError(error: IndexferryError, asJson: boolean): void {
  if (asJson) printJson({ error: error.toJSON() })
  printNote(`indexferry: ${error.message}\n  ${error.remedy} [${error.code}]`)
  // A defect of our own is worth its stack; everything else is the user's to mend.
  if (error.code === 'INTERNAL' && error.cause instanceof Error) printNote(sourceStack(error.cause))
}
