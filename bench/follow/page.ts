// The figures as text, and docs/benchmarks-follow.md.
import type { Machine } from '../machine.ts'
import type { CatchUpResult } from './catch-up.ts'
import { type DeletesResult, type DeletesRow, describeDeletes } from './deletes.ts'
import type { IdleResult, ManyResult, Shares } from './idle.ts'
import type { LagResult } from './lag.ts'

export interface FollowFigures {
  readonly machine: Machine
  readonly lag?: LagResult
  readonly catchUp?: CatchUpResult
  readonly idle?: IdleResult
  readonly many?: ManyResult
  readonly deletes?: DeletesResult
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`
const thousands = (count: number): string => Math.round(count).toLocaleString('en')

const shares = ({ follower, source, target }: Shares): string =>
  `${percent(follower)} / ${percent(source)} / ${percent(target)}`

type Line = readonly [what: string, measured: string, wanted: string]

/** Each figure, and what was set as its goal. */
function linesOf({ lag, catchUp, idle, many, deletes }: FollowFigures): Line[] {
  const lines: Line[] = []
  if (lag) {
    const { followerCpu, sourceCpu, targetCpu } = lag
    lines.push(
      [`lag at 1,000 writes a second for ${lag.seconds.toFixed(0)} s, median`, seconds(lag.medianMs), '< 1.5 s'],
      ['… p99', seconds(lag.p99Ms), '< 3 s'],
      ['… the longest', seconds(lag.mostMs), ''],
      [
        '… CPU of follower / source / target, writers included',
        shares({ follower: followerCpu, source: sourceCpu, target: targetCpu }),
        '',
      ],
    )
  }
  if (catchUp) {
    lines.push(
      [
        `catching up ${thousands(catchUp.operations)} missed operations`,
        `${thousands(catchUp.followed)}/s, copying them ${thousands(catchUp.copied)}/s: ${(catchUp.followed / catchUp.copied).toFixed(2)}`,
        '≥ 0.5',
      ],
      [
        '… memory of the follower / of the copy',
        `${megabytes(catchUp.memoryBytes)} / ${megabytes(catchUp.copyMemoryBytes)}`,
        '',
      ],
    )
  }
  if (idle)
    lines.push(['CPU of an idle index: follower / source / target', shares(idle.shares), '< 0.5 % on each side'])
  if (many) {
    lines.push(
      [`memory following ${thousands(many.indexes)} indexes`, megabytes(many.restBytes), '< 300 MB'],
      ['… at most, first copies included', megabytes(many.mostBytes), ''],
      ['… CPU of follower / source / target, idle', shares(many.shares), ''],
      ['… until all of them were copied', `${many.startSeconds.toFixed(0)} s`, ''],
    )
  }
  if (deletes) {
    const worst = Math.max(...deletes.rows.map(({ p99Ms }) => p99Ms))
    lines.push([`deletes in ${thousands(deletes.documents)} documents, the worst p99`, seconds(worst), '< 10 s'])
  }
  return lines
}

export function describeFollow(figures: FollowFigures): string {
  const lines = linesOf(figures).map(
    ([what, measured, wanted]) => `${what}: ${measured}${wanted ? ` (wanted ${wanted})` : ''}`,
  )
  return [...lines, ...(figures.deletes?.rows ?? []).map((row) => `  ${describeDeletes(row)}`)].join('\n')
}

const rowOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function deletesTable({ rows }: DeletesResult): string {
  const cells = (row: DeletesRow): string[] => [
    row.what,
    thousands(row.deleted),
    seconds(row.medianMs),
    seconds(row.p99Ms),
    seconds(row.mostMs),
    [row.followerCpu, row.sourceCpu, row.targetCpu].map((used) => `${used.toFixed(1)} s`).join(' / '),
  ]
  const head = ['', 'deletes', 'median', 'p99', 'longest', 'CPU of follower / source / target']
  return [rowOf(head), rowOf(head.map(() => '--')), ...rows.map((row) => rowOf(cells(row)))].join('\n')
}

export function renderFollowPage(figures: FollowFigures, words: readonly string[], date: string): string {
  const command = `npm run bench:follow${words.length > 0 ? ` -- ${words.join(' ')}` : ''}`
  const table = linesOf(figures).map((line) => rowOf(line))
  return `# Benchmarks of following

Measured on ${date} with \`${command}\`:

${figures.machine.lines.map((line) => `- ${line}`).join('\n')}

${[rowOf(['', 'measured', 'goal']), rowOf(['--', '--', '--']), ...table].join('\n')}

The lag is the time from the source's acknowledgement of a write until a search of the target, asked every 50 ms, finds it; both indexes
refresh every second. Half of the writes are of new documents, half write random ones of 100,000 again. What an idle index costs
is the CPU of each side with a follower less the CPU without one; the follower's memory is what the system counts as resident.

## Deletes

${figures.deletes ? deletesTable(figures.deletes) : ''}

The lag is from the source's acknowledgement of a delete until a search of the target, asked every 100 ms, no longer finds the document.
How deletes are found is said in [decision 007](decisions/007-deletes.md).
`
}
