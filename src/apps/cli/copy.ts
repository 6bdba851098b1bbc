// `indexferry copy`: starts or goes on with a copy, shows it, and says what became of every document.

import { formatCommandLine } from '../../config/command-line-text.ts'
import { parseOptionValues } from '../../config/parse-options.ts'
import { previewCopy } from '../../engine/preview-copy.ts'
import { retryRejected } from '../../engine/retry-rejected.ts'
import { type CopyResult, startCopy } from '../../engine/start-copy.ts'
import { stateFolder } from '../../engine/state-folder.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { parseLocation } from '../../model/location.ts'
import type { CommandCall } from './commands.ts'
import { formatBytes, formatCount, formatSeconds } from './format.ts'
import { pauseSignal } from './pause-signal.ts'
import { formatPreview } from './preview.ts'
import { endQuietly, printError, printJson, printResult } from './print.ts'
import { ProgressDisplay } from './progress-display.ts'

export async function runCopyCommand(call: CommandCall): Promise<number> {
  const values = parseOptionValues('copy', call.flags, process.env)
  const source = parseLocation(call.args[0] as string, 'SOURCE')
  const target = parseLocation(call.args[1] as string, 'TARGET')
  const { json, quiet, progress } = values.engine
  if (target.kind === 'stdio') process.stdout.off('error', endQuietly)
  // Documents on standard output leave no room for a result there.
  const print = target.kind === 'stdio' ? (text: string) => process.stderr.write(`${text}\n`) : printResult
  using display = new ProgressDisplay(quiet ? 'none' : progress)
  using pause = pauseSignal((text) => display.note(text))
  const request = {
    source,
    target,
    values,
    command: formatCommandLine(call.words),
    stateFolder: stateFolder(values.engine.state, process.env),
    env: process.env,
    note: (text: string) => {
      if (!quiet) display.note(text)
    },
    stop: pause.signal,
  }
  if (values.engine.dryRun) {
    const preview = await previewCopy(request)
    if (json) printJson(preview)
    else print(formatPreview(preview))
    return preview.problems.length > 0 ? exitCodes.different : exitCodes.done
  }
  const result = values.engine.retryRejected
    ? await retryRejected(request)
    : await startCopy({
        ...request,
        onStart: (id, snapshot, isResumed) => {
          if (!quiet && !json) display.note(isResumed ? `copy ${id} goes on` : `copy ${id} starts`)
          display.start(snapshot)
        },
      })
  display.stop()
  if (json && target.kind !== 'stdio') printJson(result)
  else if (!quiet || result.counts.rejected > 0) print(formatCopy(result))
  return exitCodeOf(result, json)
}

function exitCodeOf(result: CopyResult, json: boolean): number {
  if (result.state === 'paused') return exitCodes.paused
  if (result.counts.rejected === 0) return exitCodes.done
  const rejected = new IndexferryError(
    'DOCUMENTS_REJECTED',
    `the target refused ${formatCount(result.counts.rejected)} documents; they are in ${result.rejectedFile}`,
    { side: 'target' },
  )
  if (!json) printError(rejected, false)
  return rejected.exitCode
}

function formatCopy(result: CopyResult): string {
  const { counts, indexes } = result
  const verb = result.state === 'paused' ? 'paused' : 'complete'
  const lines = [
    `copy ${result.copy} is ${verb}: ${formatCount(counts.read)} documents, ${formatBytes(counts.bytes)}, in ${formatSeconds(result.seconds)} (${formatCount(result.documentsPerSecond)}/s)`,
    `  read ${formatCount(counts.read)} = written ${formatCount(counts.written)} + rejected ${formatCount(counts.rejected)} + skipped ${formatCount(counts.skipped)}`,
  ]
  for (const index of indexes.slice(0, 50)) {
    lines.push(`  ${index.source} → ${index.target}: ${formatCount(index.counts.read)} documents`)
  }
  if (indexes.length > 50) lines.push(`  … and ${indexes.length - 50} more indexes`)
  if (result.operationsBehind !== null && result.operationsBehind > 0) {
    lines.push(
      `  the source is still written to: about ${formatCount(result.operationsBehind)} later operations are not in this copy`,
    )
  }
  if (result.state === 'paused')
    lines.push(`  the same command ${result.canGoOn ? 'goes on from here' : 'begins again'}`)
  return lines.join('\n')
}
