// Moves between two local stores, by indexferry and by rclone in turns, and what each took.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StartedStore } from '../../test/objectstores/object-stores.ts'
import { runProgram, type Usage } from '../run-program.ts'
import type { ObjectSet } from './object-set.ts'
import { findRclone, rcloneEnvironment, rcloneWords } from './rclone.ts'
import { checkBucket, dropBucket, emptyBucket, type FilledBucket, fillBucket } from './stores.ts'

export interface MoveSample {
  readonly tool: string
  readonly round: number
  /** Into an empty bucket, and again when there is nothing to do. */
  readonly copy: Usage
  readonly again: Usage
}

export interface MoveResults {
  readonly set: ObjectSet
  readonly samples: readonly MoveSample[]
  /** Why rclone did not take part. */
  readonly missing: string | undefined
}

export interface Moving {
  readonly source: StartedStore
  readonly target: StartedStore
  /** None warms up with a single one. */
  readonly rounds: number
  readonly hasRclone: boolean
  readonly tell: (line: string) => void
  readonly signal: AbortSignal
}

interface Tool {
  readonly name: string
  /** Undefined: indexferry itself. */
  readonly program?: string
  readonly words: (from: string, to: string, state: string) => readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export const ownName = 'indexferry'
const program = fileURLToPath(new URL('../../bin/indexferry.js', import.meta.url))
const measured = fileURLToPath(new URL('measured.py', import.meta.url))

export async function measureMoves(set: ObjectSet, moving: Moving): Promise<MoveResults> {
  const { source, rounds, tell, signal } = moving
  tell(`filling: ${set.title}`)
  const filled = await fillBucket(source, set, signal)
  const { tools, missing } = await findTools(moving)
  const samples: MoveSample[] = []
  // The first of several rounds warms up and does not count.
  for (let round = rounds > 1 ? 0 : 1; round <= rounds; round++) {
    const order = tools.map((_, n) => tools[(n + round) % tools.length] as Tool)
    for (const tool of order) {
      const sample = { tool: tool.name, round, ...(await moveTwice(tool, filled, moving)) }
      tell(`  round ${round}, ${tool.name}: ${describe(sample.copy)}; again ${describe(sample.again)}`)
      if (round > 0) samples.push(sample)
    }
  }
  await dropBucket(source, filled.bucket)
  return { set, samples, missing }
}

/** For `python3`: indexferry with these words, measured. */
export const measuredWords = (words: readonly string[]): string[] => [measured, process.execPath, program, ...words]

const describe = ({ seconds, cpuSeconds = 0, peakBytes = 0 }: Usage): string =>
  `${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} CPU s, ${(peakBytes / 1e6).toFixed(0)} MB`

async function findTools({
  source,
  target,
  hasRclone,
}: Moving): Promise<{ tools: Tool[]; missing: string | undefined }> {
  const own: Tool = {
    name: ownName,
    words: (from, to, state) => [
      'object',
      'copy',
      `s3://${from}?endpoint=${source.url}`,
      `s3://${to}?endpoint=${target.url}`,
      '--skip-existing',
      '--state',
      state,
      '--json',
    ],
    env: source.env,
  }
  if (!hasRclone) return { tools: [own], missing: 'it was not asked for' }
  const found = await findRclone()
  if ('missing' in found) return { tools: [own], missing: found.missing }
  const env = rcloneEnvironment(source, target)
  const rclone = (name: string, ...more: string[]): Tool => ({
    name,
    program: found.program,
    words: (from, to) => rcloneWords(from, to, more),
    env,
  })
  const wide = ['--transfers', '16', '--checkers', '16', '--fast-list']
  return { tools: [own, rclone('rclone'), rclone(`rclone ${wide.join(' ')}`, ...wide)], missing: undefined }
}

async function moveTwice(
  tool: Tool,
  filled: FilledBucket,
  { target, signal }: Moving,
): Promise<{ copy: Usage; again: Usage }> {
  const folder = await mkdtemp(join(tmpdir(), 'indexferry-bench-objects-'))
  const to = await emptyBucket(target)
  try {
    const words = tool.words(filled.bucket, to, join(folder, 'state'))
    const args = tool.program === undefined ? measuredWords(words) : [measured, tool.program, ...words]
    const run = () => runProgram({ command: 'python3', args, folder, env: tool.env, signal })
    const copy = await run()
    const again = await run()
    await checkBucket(filled, target, to)
    return { copy, again }
  } finally {
    await dropBucket(target, to)
    await rm(folder, { recursive: true, force: true })
  }
}
