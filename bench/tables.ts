// The results as tables, in Markdown that also reads well on a terminal.
import type { Results } from './benchmark.ts'
import type { Contender } from './contenders/contender.ts'
import type { DocumentSet } from './data-sets.ts'
import { figuresOf, isReached } from './figures.ts'
import type { Sample } from './sample.ts'
import {
  largest,
  median,
  medianRatio,
  ownCpu,
  peak,
  rate,
  samplesOf,
  sourceCpu,
  targetCpu,
  type Value,
  valuesOf,
  verifyToCopy,
} from './statistics.ts'

const none = '–'
const whole = (value: number | undefined): string =>
  value === undefined ? none : Math.round(value).toLocaleString('en-US')
const decimals = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? none
const times = (value: number | undefined): string => (value === undefined ? none : `${value.toFixed(2)}×`)

/** How fast, and what the tool itself needs. */
export function speedTable(results: Results, set: DocumentSet): string {
  const own = samplesOf(results, set.name, 'indexferry')
  return table(
    [
      'tool',
      'documents/s',
      'slowest – fastest',
      'indexferry is … as fast',
      'own CPU, s',
      '÷ indexferry',
      'peak memory, MB',
      '÷ indexferry',
      'what arrived',
    ],
    entrants(results, set).map(({ contender, samples }) => {
      const rates = valuesOf(samples, rate)
      const memory = largest(valuesOf(samples, peak))
      return [
        contender.title,
        whole(median(rates)),
        rates.length === 0 ? none : `${whole(Math.min(...rates))} – ${whole(Math.max(...rates))}`,
        times(medianRatio(own, samples, rate)),
        decimals(median(valuesOf(samples, ownCpu)), 2),
        times(medianRatio(samples, own, ownCpu)),
        memory === undefined ? none : whole(memory / 1e6),
        times(medianRatio(samples, own, peak)),
        describeContent(contender, samples),
      ]
    }),
  )
}

/** What the copy costs the two servers, who do most of the work whatever the tool. */
export function serversTable(results: Results, set: DocumentSet): string {
  const mid = (samples: readonly Sample[], value: Value) => decimals(median(valuesOf(samples, value)), 1)
  return table(
    ['tool', 'CPU of the source, s', 'CPU of the target, s', 'own CPU, µs per document'],
    entrants(results, set).map(({ contender, samples }) => {
      const cpu = median(valuesOf(samples, ownCpu))
      return [
        contender.title,
        mid(samples, sourceCpu),
        mid(samples, targetCpu),
        cpu === undefined ? none : decimals((cpu / set.count) * 1e6, 1),
      ]
    }),
  )
}

const entrants = (results: Results, set: DocumentSet): { contender: Contender; samples: Sample[] }[] =>
  results.contenders
    .map((contender) => ({ contender, samples: samplesOf(results, set.name, contender.name) }))
    .filter(({ samples }) => samples.length > 0)

function describeContent(contender: Contender, samples: readonly Sample[]): string {
  const failure = samples.find((sample) => sample.failure !== undefined)?.failure
  if (failure !== undefined) return `fails: ${failure.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').slice(0, 200)}`
  if (contender.does === 'read') return none
  const most = (kind: 'changed' | 'missing' | 'extra') =>
    largest(samples.map(({ content }) => content?.[kind] ?? 0)) ?? 0
  const words = (['changed', 'missing', 'extra'] as const).flatMap((kind) =>
    most(kind) > 0 ? [`${whole(most(kind))} ${kind}`] : [],
  )
  return words.join(', ') || 'all, byte for byte'
}

export function verifyTable(results: Results): string {
  return table(
    ['documents', 'copying, s', 'verifying, s', 'verifying ÷ copying', 'own CPU of verifying, s', 'peak memory, MB'],
    results.sets.map((set) => {
      const samples = samplesOf(results, set.name, 'indexferry')
      const memory = largest(valuesOf(samples, ({ verify }) => verify?.peakBytes))
      return [
        set.title,
        decimals(median(valuesOf(samples, ({ copy }) => copy?.seconds)), 2),
        decimals(median(valuesOf(samples, ({ verify }) => verify?.seconds)), 2),
        decimals(median(valuesOf(samples, verifyToCopy)), 2),
        decimals(median(valuesOf(samples, ({ verify }) => verify?.cpuSeconds)), 2),
        memory === undefined ? none : whole(memory / 1e6),
      ]
    }),
  )
}

export function fidelityTable(results: Results): string {
  return table(
    ['tool', 'documents', 'byte for byte', 'changed', 'lost', 'says'],
    results.fidelity.map(({ contender, documents, content, failure }) => [
      results.contenders.find(({ name }) => name === contender)?.title ?? contender,
      whole(documents),
      whole(content?.equal),
      whole(content?.changed),
      whole(content?.missing),
      failure === undefined ? 'done' : 'an error',
    ]),
  )
}

export function figureTable(results: Results): string {
  return table(
    ['measure', 'documents', 'wanted', 'measured', 'reached'],
    figuresOf(results).map((figure) => {
      const { measure, set, bound, wanted, reached } = figure
      const isLarge = wanted >= 100
      const answer = isReached(figure)
      return [
        measure,
        set,
        `${bound === 'at least' ? '≥' : '≤'} ${isLarge ? wanted : wanted.toFixed(2)}`,
        isLarge ? whole(reached) : decimals(reached, 2),
        answer === undefined ? none : answer ? 'yes' : 'no',
      ]
    }),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}
