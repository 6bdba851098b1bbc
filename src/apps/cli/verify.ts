// `indexferry verify`: compares both sides document by document and prints a report that can be signed.
import { parseOptionValues } from '../../config/parse-options.ts'
import { startVerify } from '../../engine/start-verify.ts'
import { stateFolder } from '../../engine/state-folder.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { addCounts, noCounts } from '../../model/counts.ts'
import { parseLocation } from '../../model/location.ts'
import { Progress } from '../../pipeline/progress.ts'
import { formatReport } from '../../verify/report-text.ts'
import type { VerificationProgress } from '../../verify/verification-progress.ts'
import type { CommandCall } from './commands.ts'
import { pauseSignal } from './pause-signal.ts'
import { printJson, printResult } from './print.ts'
import { ProgressDisplay } from './progress-display.ts'

export async function runVerifyCommand(call: CommandCall): Promise<number> {
  const values = parseOptionValues('verify', call.flags, process.env)
  const source = parseLocation(call.args[0] as string, 'SOURCE')
  const target = parseLocation(call.args[1] as string, 'TARGET')
  const { json, quiet, progress } = values.engine
  using display = new ProgressDisplay(quiet ? 'none' : progress)
  using pause = pauseSignal((text) => display.note(text))
  const shown = new ShownVerification()
  display.start(() => shown.snapshot())
  const result = await startVerify({
    source,
    target,
    values,
    stateFolder: stateFolder(values.engine.state, process.env),
    note: (text) => {
      if (!quiet) display.note(text)
    },
    stop: pause.signal,
    onProgress: (each, index) => shown.update(each, index),
  })
  display.stop()
  if (json) printJson(result)
  else if (!quiet || result.verdict !== 'equal') {
    printResult(result.reports.map(formatReport).join('\n'))
    for (const file of result.files) printResult(`report written to ${file}`)
  }
  return result.verdict === 'equal' ? exitCodes.done : exitCodes.different
}

/** Both sides and all indexes as one progress. */
class ShownVerification {
  private readonly progress = new Progress()
  private readonly seen = new Map<string, { documents: number; bytes: number }>()
  private readonly expected = new Set<string>()
  private phase = 'reading both sides'

  update({ phase, source, target }: VerificationProgress, index: string): void {
    this.phase = phase === 'scanning' ? 'reading both sides' : phase
    for (const [name, side] of Object.entries({ source, target })) {
      const key = `${index} ${phase} ${name}`
      const before = this.seen.get(key) ?? { documents: 0, bytes: 0 }
      this.progress.add(
        addCounts(noCounts, { ...noCounts, read: side.documents - before.documents, bytes: side.bytes - before.bytes }),
      )
      this.seen.set(key, { documents: side.documents, bytes: side.bytes })
      if (phase === 'scanning' && side.documentsExpected !== undefined && !this.expected.has(key)) {
        this.expected.add(key)
        this.progress.expect(side.documentsExpected)
      }
    }
  }

  snapshot() {
    return this.progress.snapshot(this.phase)
  }
}
