// `indexferry migrate PLAN`: begins a migration, goes on with it, makes its next cycle the last, or takes it back.

import { commandOptions } from '../../config/gather-options.ts'
import { loadPlan } from '../../config/migration/load-plan.ts'
import { parseOptionValues } from '../../config/parse-options.ts'
import { type JourneyResult, startJourney } from '../../engine/start-journey.ts'
import { stateFolder } from '../../engine/state-folder.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { JourneyProgress } from '../../migration/snapshot-journey/journey-context.ts'
import { stateWords } from '../../migration/snapshot-journey/journey-states.ts'
import type { CommandCall } from './commands.ts'
import { describeJourneyProgress, describeRecord } from './migrate-text.ts'
import { pauseSignal } from './pause-signal.ts'
import { printJson, printResult } from './print.ts'
import { ProgressDisplay } from './progress-display.ts'

export async function runMigrateCommand(call: CommandCall): Promise<number> {
  refuseLiveOptions(call)
  const values = parseOptionValues('migrate', call.flags, process.env)
  const planFile = call.args[0] as string
  const { abort, cutOver } = values.journey
  const { json, quiet, restart } = values.engine
  if ([abort, cutOver, restart].filter(Boolean).length > 1 && !(cutOver && restart)) {
    throw new IndexferryError('USAGE', '--abort goes with neither --cut-over nor --restart', {
      remedy: 'Take the migration back first, then start the command again.',
    })
  }
  const { plan, warnings } = loadPlan(planFile, process.env)
  using display = new ProgressDisplay(quiet ? 'none' : values.engine.progress)
  using pause = pauseSignal(
    (text) => display.note(text),
    () => 'the step that runs is left where it can be found again',
  )
  const note = (text: string) => {
    if (!quiet) display.note(text)
  }
  for (const warning of warnings) note(`${planFile}: ${warning}`)
  let progress: JourneyProgress | undefined
  display.start(() => describeJourneyProgress(progress))
  const result = await startJourney({
    plan,
    planFile,
    stateFolder: stateFolder(values.engine.state, process.env),
    env: process.env,
    wish: abort ? 'abort' : cutOver ? 'cutOver' : undefined,
    restart,
    stop: pause.signal,
    note,
    onProgress: (latest) => {
      progress = latest
    },
  })
  display.stop()
  if (json) printJson({ migration: result.migration, isElsewhere: result.isElsewhere, ...result.record })
  else if (!quiet) printResult(describeResult(result, planFile))
  return exitCodes.done
}

/** What a plan says for itself. */
function refuseLiveOptions(call: CommandCall): void {
  const given = new Set(Object.keys(call.flags))
  const takes = new Set(['journey', 'engine'])
  for (const { name, group } of commandOptions('migrate')) {
    const flag = name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    if (takes.has(group) || !given.has(flag)) continue
    throw new IndexferryError('USAGE', `--${name} belongs to live migrations (indexferry migrate SOURCE TARGET)`, {
      remedy: 'Write it into the plan; docs/migrate-by-snapshot.md lists what a plan can say.',
    })
  }
}

function describeResult({ migration, record, isElsewhere }: JourneyResult, planFile: string): string {
  if (isElsewhere) return `migration ${migration}: the process that runs it was told`
  const lines = [`migration ${migration}: ${stateWords[record.state]}`]
  if (record.state === 'waiting') {
    lines.push(
      `  the next cycle: indexferry migrate ${planFile}`,
      `  the last cycle: indexferry migrate ${planFile} --cut-over`,
    )
  }
  return [...lines, describeRecord(record)].filter(Boolean).join('\n')
}
