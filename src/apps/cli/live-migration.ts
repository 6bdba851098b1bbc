// `indexferry migrate SOURCE TARGET`, `resume`, `cut-over`, `reverse`, `complete`, `abort` and `verify MIGRATION`: migrations of indexes that are
// written to meanwhile.
import { formatCommandLine } from '../../config/command-line-text.ts'
import { commandOptions } from '../../config/gather-options.ts'
import { parseOptionValues } from '../../config/parse-options.ts'
import {
  askMigration,
  type MigrationCall,
  type MigrationResult,
  previewSwitch,
  resumeMigration,
  startMigration,
  verifyMigration,
} from '../../engine/start-migration.ts'
import { stateFolder } from '../../engine/state-folder.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { isEnd } from '../../migration/live-journey/migration-states.ts'
import { parseLocation } from '../../model/location.ts'
import type { ProgressSnapshot } from '../../pipeline/progress.ts'
import type { CommandCall } from './commands.ts'
import { conditionLines, resultLines, verificationLine } from './live-migration-text.ts'
import { pauseSignal } from './pause-signal.ts'
import { printJson, printResult } from './print.ts'
import { ProgressDisplay } from './progress-display.ts'
import { refuseJourney } from './refuse-journey.ts'

interface Opened {
  readonly values: ReturnType<typeof parseOptionValues>
  readonly migration: MigrationCall
  readonly display: ProgressDisplay
}

/** Runs `work` with everything that a command of a migration needs, and ends what it showed. */
async function withMigration<Result>(call: CommandCall, work: (opened: Opened) => Promise<Result>): Promise<Result> {
  const values = parseOptionValues(call.name, call.flags, process.env)
  const { quiet, progress } = values.engine
  using display = new ProgressDisplay(quiet ? 'none' : progress)
  let isAsked = false
  const stillDone = () => (isAsked ? undefined : 'a switch that is under way is given up or finished')
  using pause = pauseSignal((text) => display.note(text), stillDone)
  let snapshot: (() => ProgressSnapshot | string) | undefined
  const migration: MigrationCall = {
    values,
    command: formatCommandLine(call.words),
    stateFolder: stateFolder(values.engine.state, process.env),
    env: process.env,
    folder: process.cwd(),
    stop: pause.signal,
    note: (text) => {
      if (!quiet) display.note(text)
    },
    onAsked: () => {
      isAsked = true
    },
    onProgress: (next) => {
      snapshot = next
    },
  }
  display.start(() => snapshot?.() ?? 'starting')
  const result = await work({ values, migration, display })
  display.stop()
  return result
}

export async function runMigrationCommand(call: CommandCall): Promise<number> {
  refusePlanOptions(call)
  const locations = {
    source: parseLocation(call.args[0] as string, 'SOURCE'),
    target: parseLocation(call.args[1] as string, 'TARGET'),
  }
  return withMigration(call, async ({ values, migration }) =>
    print(await startMigration(migration, locations), values.engine),
  )
}

/** Of migrations by snapshots only. */
function refusePlanOptions(call: CommandCall): void {
  const given = new Set(Object.keys(call.flags))
  for (const { name, group, key } of commandOptions('migrate')) {
    if (group !== 'journey' || !given.has(key)) continue
    throw new IndexferryError('USAGE', `--${name} belongs to migrations by snapshots (indexferry migrate PLAN)`, {
      remedy: `Write: indexferry ${name} MIGRATION. \`indexferry status\` shows the id.`,
    })
  }
}

export const runResumeCommand = (call: CommandCall): Promise<number> =>
  withMigration(call, async ({ values, migration }) =>
    print(await resumeMigration(migration, idOf(call, migration)), values.engine),
  )

function idOf({ name, args: [id = ''] }: CommandCall, { stateFolder: folder }: MigrationCall): string {
  refuseJourney(folder, id, name)
  return id
}

export const runSwitchCommand = (call: CommandCall): Promise<number> =>
  withMigration(call, async ({ values, migration }) => {
    const { live, engine } = values
    if (engine.dryRun) {
      const preview = await previewSwitch(migration, idOf(call, migration))
      if (engine.json) printJson(preview)
      else printResult(conditionLines(preview.conditions, '  ').join('\n'))
      return preview.canSwitch ? exitCodes.done : exitCodes.different
    }
    const wanted = {
      wish: call.name === 'reverse' ? ('reverse' as const) : ('cutOver' as const),
      limitMs: live.timeout,
      verifiesFully: live.lastVerify === 'full',
      force: live.force,
    }
    return print(await askMigration(migration, idOf(call, migration), wanted), engine)
  })

export const runEndCommand = (call: CommandCall): Promise<number> =>
  withMigration(call, async ({ values, migration }) => {
    const wish = call.name === 'abort' ? ('abort' as const) : ('complete' as const)
    return print(await askMigration(migration, idOf(call, migration), { wish, ...noSwitch }), values.engine)
  })

const noSwitch = { limitMs: 0, verifiesFully: false, force: false }

/** Whether there is a live migration of this id decides the engine; it says so when there is none. */
export const pauseMigration = (call: CommandCall): Promise<number> =>
  withMigration(call, async ({ values, migration }) =>
    printPaused(await askMigration(migration, idOf(call, migration), { wish: 'pause', ...noSwitch }), values.engine),
  )

/** Pausing was what was asked for, so that it is done, unlike after Ctrl-C. */
function printPaused(result: MigrationResult, output: Output): number {
  print({ ...result, isPaused: !isEnd(result.record.state), isElsewhere: false }, output)
  return exitCodes.done
}

export const runVerifyMigrationCommand = (call: CommandCall): Promise<number> =>
  withMigration(call, async ({ values, migration }) => {
    const found = await verifyMigration(migration, idOf(call, migration))
    if (values.engine.json) printJson(found)
    else printResult(verificationLine(found))
    return found.verdict === 'equal' ? exitCodes.done : exitCodes.different
  })

interface Output {
  readonly json: boolean
  readonly quiet: boolean
}

function print(result: MigrationResult, { json, quiet }: Output): number {
  const { migration, record, verification, isPaused, isElsewhere } = result
  if (json) printJson({ migration, isPaused, isElsewhere, ...record, verification })
  else if (!quiet) printResult(resultLines(result).join('\n'))
  return isPaused ? exitCodes.paused : exitCodes.done
}
