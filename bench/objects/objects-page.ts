// docs/benchmarks-objects.md, and the same text for the terminal.
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Usage } from '../run-program.ts'
import { largest, median } from '../statistics.ts'
import { type MoveResults, type MoveSample, ownName } from './measure-moves.ts'
import type { SparseResult } from './measure-sparse.ts'
import { sum } from './object-set.ts'
import { rcloneVersion } from './rclone.ts'

export interface ObjectResults {
  readonly store: string
  readonly moves: readonly MoveResults[]
  readonly sparse: SparseResult | undefined
}

type Value = (sample: MoveSample) => number

const copySeconds: Value = ({ copy }) => copy.seconds
const againSeconds: Value = ({ again }) => again.seconds
const cpu = ({ cpuSeconds = 0 }: Usage): number => cpuSeconds
const memory: Value = ({ copy, again }) => Math.max(copy.peakBytes ?? 0, again.peakBytes ?? 0)

const times = (value: number | undefined): string => (value === undefined ? '–' : `${value.toFixed(2)}×`)
const digits = (value: number | undefined, count: number): string => value?.toFixed(count) ?? '–'

const columns: readonly (readonly [title: string, value: Value, unit: (value: number | undefined) => string])[] = [
  ['copy, s', copySeconds, (value) => digits(value, 2)],
  ['CPU s', ({ copy }) => cpu(copy), (value) => digits(value, 2)],
  ['nothing to do, s', againSeconds, (value) => digits(value, 2)],
  ['CPU s', ({ again }) => cpu(again), (value) => digits(value, 2)],
]

function movesTable({ set, samples, missing }: MoveResults): string {
  const of = (tool: string) => samples.filter((sample) => sample.tool === tool)
  const tools = [...new Set(samples.map(({ tool }) => tool))].sort((left, right) =>
    left === ownName ? -1 : right === ownName ? 1 : left.localeCompare(right),
  )
  const head = ['tool', ...columns.flatMap(([title]) => [title, '÷ indexferry']), 'peak memory, MB', '÷ indexferry']
  const ratio = (tool: string, value: Value) =>
    median(
      of(tool).map((sample) => {
        const own = of(ownName).find(({ round }) => round === sample.round)
        return own === undefined ? Number.NaN : value(sample) / value(own)
      }),
    )
  const rows = tools.map((tool) => [
    tool,
    ...columns.flatMap(([, value, unit]) => [unit(median(of(tool).map(value))), times(ratio(tool, value))]),
    digits((largest(of(tool).map(memory)) ?? 0) / 1e6, 0),
    times(ratio(tool, memory)),
  ])
  const lines = [head, head.map(() => '--'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  const note = missing === undefined ? '' : `\n\nrclone did not take part: ${missing}.`
  return `## ${set.title}: ${(sum(set.sizes) / 1e6).toFixed(0)} MB in ${set.sizes.length.toLocaleString('en-US')} objects\n\n${lines.join('\n')}${note}`
}

function sparseText({ bytes, usage }: SparseResult): string {
  const rate = bytes / 1e6 / usage.seconds
  return [
    `## One object of ${(bytes / 1e9).toFixed(1)} GB`,
    `From a sparse file in a folder into a store that keeps the MD5 of each part and throws the rest away: ${digits(usage.seconds, 0)} s (${digits(rate, 0)} MB/s), ${digits(usage.cpuSeconds, 0)} CPU s, peak memory ${digits((usage.peakBytes ?? 0) / 1e6, 0)} MB. The MD5 of every part was what it should be.`,
  ].join('\n\n')
}

export const describeObjects = ({ moves, sparse }: ObjectResults): string =>
  [...moves.map(movesTable), ...(sparse ? [sparseText(sparse)] : [])].join('\n\n')

export function renderObjectsPage(results: ObjectResults, words: readonly string[], today: string): string {
  return `<!-- Written by \`npm run bench:objects -- --write\`. Run that to change it. -->

# Benchmarks of moving objects

Measured on ${today} by

    npm run bench:objects${words.length === 0 ? '' : ` -- ${words.join(' ')}`}

on this machine: ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? process.arch}), ${(totalmem() / 2 ** 30).toFixed(0)} GB of memory, shared by both stores (${results.store}) and the tool, Node ${process.version.slice(1)}.

Every tool moves the same objects from one store into an empty bucket of the other, and is started once more when there is nothing to do, in a different
order in each round; a round that warms up does not count. Numbers are medians, ratios are taken within a round first, memory is the most that was seen.
Time, CPU and memory are of the whole process as the system counts them. After each run AWS's own client lists what arrived and reads it: names, ETags and
content have to be right.

    indexferry object copy s3://FROM?endpoint=… s3://TO?endpoint=… --skip-existing
    rclone copy src:FROM dst:TO --checksum                          (rclone ${rcloneVersion}; also with the options in the table)

${describeObjects(results)}
`
}
