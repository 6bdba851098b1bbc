// `indexferry assess SOURCE TARGET`.
import { parseOptionValues } from '../../config/parse-options.ts'
import { startAssess } from '../../engine/start-assess.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { Assessment } from '../../migration/assess/assessment.ts'
import { parseLocation } from '../../model/location.ts'
import { formatAssessment } from './assess-text.ts'
import type { CommandCall } from './commands.ts'
import { printError, printJson, printNote, printResult } from './print.ts'

export async function runAssessCommand(call: CommandCall): Promise<number> {
  const values = parseOptionValues('assess', call.flags, process.env)
  const source = parseLocation(call.args[0] as string, 'SOURCE')
  const target = parseLocation(call.args[1] as string, 'TARGET')
  const { json, quiet, verbose } = values.engine
  using stop = stopSignal()
  const assessment = await startAssess({
    source,
    target,
    values,
    // What is noted on the way stands among the findings, too.
    note: (text) => {
      if (verbose) printNote(text)
    },
    signal: stop.signal,
  })
  if (json) printJson(assessment)
  else if (!quiet || assessment.verdict === 'error') printResult(formatAssessment(assessment))
  return exitCodeOf(assessment, json)
}

function exitCodeOf({ verdict, indexes, findings }: Assessment, json: boolean): number {
  if (verdict !== 'error') return exitCodes.done
  const errors = [...findings, ...indexes.flatMap((index) => index.findings)].filter(
    ({ severity }) => severity === 'error',
  )
  const failed = new IndexferryError(
    'ASSESSMENT_FAILED',
    `a copy would fail: ${errors.length === 1 ? '1 error' : `${errors.length} errors`}`,
  )
  if (!json) printError(failed, false)
  return failed.exitCode
}

/** Ctrl-C must not leave a probe on the target, so that it is only noted here. */
function stopSignal(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.paused)
    controller.abort(
      new IndexferryError('PAUSED', 'the assessment was stopped', { remedy: 'Start the same command again.' }),
    )
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const dispose = () => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  return { signal: controller.signal, [Symbol.dispose]: dispose }
}
