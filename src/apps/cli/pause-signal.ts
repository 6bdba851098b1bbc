// Ctrl-C and SIGTERM: the first asks for a clean pause, the second ends the program at once. Both lose nothing.
import { exitCodes } from '../../foundation/error-definition.ts'
import { IndexferryError } from '../../foundation/errors.ts'

export interface PauseSignal extends Disposable {
  readonly signal: AbortSignal
}

/** What of the work is still done; each command says what it is for it. */
const whatWasRead = () => 'what was read is still written'

/** `stillDone` is asked when the signal comes; undefined when nothing is left to be done, so that nothing has to be said. */
export function pauseSignal(
  note: (text: string) => void,
  stillDone: () => string | undefined = whatWasRead,
): PauseSignal {
  const controller = new AbortController()
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.paused)
    const still = stillDone()
    if (still !== undefined) note(`pausing: ${still} (once more ends at once; either way the same command goes on)`)
    controller.abort(new IndexferryError('PAUSED', 'paused'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
