// The figures that indexferry has to reach, as data, and whether a run has reached them.
import type { Results } from './benchmark.ts'
import {
  cpuToServers,
  largest,
  median,
  medianRatio,
  rate,
  samplesOf,
  type Value,
  valuesOf,
  verifyToCopy,
} from './statistics.ts'

export interface Figure {
  readonly measure: string
  readonly set: string
  readonly bound: 'at least' | 'at most'
  readonly wanted: number
  /** Undefined when a contender did not take part. */
  readonly reached: number | undefined
}

type Measure = (results: Results, set: string) => number | undefined

/** To the best of the others: the smallest of the ratios. */
const timesAsFastAs =
  (...others: string[]): Measure =>
  (results, set) => {
    const own = samplesOf(results, set, 'indexferry')
    const ratios = others.map((other) => medianRatio(own, samplesOf(results, set, other), rate))
    const known = ratios.filter((ratio) => ratio !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

const own =
  (value: Value, summary: typeof median): Measure =>
  (results, set) =>
    summary(valuesOf(samplesOf(results, set, 'indexferry'), value))

const megabytes: Value = ({ copy, verify }) =>
  copy?.peakBytes === undefined ? undefined : Math.max(copy.peakBytes, verify?.peakBytes ?? 0) / 1e6

interface Row {
  readonly measure: string
  readonly bound: Figure['bound']
  readonly wanted: { readonly small: number; readonly middle: number }
  readonly of: Measure
}

const rows: readonly Row[] = [
  {
    measure: "documents/s ÷ the target's own `_reindex` at its better size",
    bound: 'at least',
    wanted: { small: 2, middle: 1.9 },
    of: timesAsFastAs('reindex-1000', 'reindex-5000'),
  },
  {
    measure: 'documents/s ÷ elasticdump at its best setting',
    bound: 'at least',
    wanted: { small: 2.3, middle: 1.9 },
    of: timesAsFastAs('elasticdump', 'elasticdump-4'),
  },
  {
    measure: 'documents/s ÷ elasticdump at its defaults',
    bound: 'at least',
    wanted: { small: 4.5, middle: 2.3 },
    of: timesAsFastAs('elasticdump-defaults'),
  },
  {
    measure: 'documents/s ÷ bulk loading alone with 4 connections',
    bound: 'at least',
    wanted: { small: 0.85, middle: 0.85 },
    of: timesAsFastAs('bulk-4'),
  },
  {
    measure: 'CPU seconds of indexferry ÷ those of both servers',
    bound: 'at most',
    wanted: { small: 0.1, middle: 0.1 },
    of: own(cpuToServers, median),
  },
  {
    measure: 'peak memory of indexferry, MB, copying or verifying',
    bound: 'at most',
    wanted: { small: 250, middle: 250 },
    of: own(megabytes, largest),
  },
  {
    measure: 'verification ÷ copying, time',
    bound: 'at most',
    wanted: { small: 0.35, middle: 0.35 },
    of: own(verifyToCopy, median),
  },
]

export function figuresOf(results: Results): Figure[] {
  const sets = (['small', 'middle'] as const).filter((name) => results.sets.some((set) => set.name === name))
  const figures = rows.flatMap(({ measure, bound, wanted, of }) =>
    sets.map((set): Figure => ({ measure, set, bound, wanted: wanted[set], reached: of(results, set) })),
  )
  const difficult = results.fidelity.find(({ contender }) => contender === 'indexferry')
  if (!difficult) return figures
  const measure = 'difficult documents that arrive byte for byte'
  const reached = difficult.content?.equal
  return [...figures, { measure, set: 'difficult', bound: 'at least', wanted: difficult.documents, reached }]
}

export const isReached = ({ bound, wanted, reached }: Figure): boolean | undefined =>
  reached === undefined ? undefined : bound === 'at least' ? reached >= wanted : reached <= wanted
