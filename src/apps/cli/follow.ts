// `indexferry follow`: copies, keeps following, and shows how far behind the target is.
import { formatCommandLine } from '../../config/command-line-text.ts'
import { parseOptionValues } from '../../config/parse-options.ts'
import { type FollowResult, type FollowSnapshot, startFollow } from '../../engine/start-follow.ts'
import { stateFolder } from '../../engine/state-folder.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { parseLocation } from '../../model/location.ts'
import type { CommandCall } from './commands.ts'
import { followingText } from './following-text.ts'
import { formatBytes, formatCount, formatSeconds } from './format.ts'
import { pauseSignal } from './pause-signal.ts'
import { printJson, printResult } from './print.ts'
import { ProgressDisplay } from './progress-display.ts'

export async function runFollowCommand(call: CommandCall): Promise<number> {
  const values = parseOptionValues('follow', call.flags, process.env)
  const source = parseLocation(call.args[0] as string, 'SOURCE')
  const target = parseLocation(call.args[1] as string, 'TARGET')
  const { json, quiet, progress } = values.engine
  using display = new ProgressDisplay(quiet ? 'none' : progress)
  using pause = pauseSignal((text) => display.note(text))
  const result = await startFollow({
    source,
    target,
    values,
    command: formatCommandLine(call.words),
    stateFolder: stateFolder(values.engine.state, process.env),
    env: process.env,
    note: (text) => {
      if (!quiet) display.note(text)
    },
    stop: pause.signal,
    onStart: (id, snapshot, isResumed) => {
      if (!quiet && !json) display.note(isResumed ? `follower ${id} goes on` : `follower ${id} starts`)
      display.start(() => shownOf(snapshot()))
    },
  })
  display.stop()
  if (json) printJson(result)
  else if (!quiet) printResult(formatResult(result))
  return exitCodes.paused
}

/** One line for a few indexes; of many those that are furthest behind. */
const indexesMax = 3

function shownOf({ copying, indexes }: FollowSnapshot) {
  if (copying) return copying
  const furthest = [...indexes].sort((a, b) => b.status.operationsBehind - a.status.operationsBehind)
  const texts = furthest.slice(0, indexesMax).map(({ index, status }) => `${index}: ${followingText(status)}`)
  if (furthest.length > indexesMax) texts.push(`${formatCount(furthest.length - indexesMax)} more`)
  return texts.length > 0 ? texts.join(' · ') : 'following starts'
}

function formatResult({ copy, counts, seconds, indexes }: FollowResult): string {
  const lines = [
    `follower ${copy} is paused after ${formatSeconds(seconds)}: ${formatCount(counts.read)} documents carried, ${formatBytes(counts.bytes)}`,
    `  read ${formatCount(counts.read)} = written ${formatCount(counts.written)} + rejected ${formatCount(counts.rejected)} + skipped ${formatCount(counts.skipped)}`,
  ]
  for (const { source, target, following } of indexes.slice(0, 50)) {
    lines.push(`  ${source} → ${target}${following ? `: ${followingText(following)}` : ''}`)
  }
  if (indexes.length > 50) lines.push(`  … and ${indexes.length - 50} more indexes`)
  lines.push('  the same command goes on from here')
  return lines.join('\n')
}
