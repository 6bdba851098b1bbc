// From samples to numbers. Ratios are taken within a round, where both runs met the same machine, and only then their median.
import type { Results } from './benchmark.ts'
import type { Sample } from './sample.ts'

/** Undefined when there is nothing to count. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2
}

export const largest = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.max(...values)

/** A number of one sample; undefined when it was not measured or the tool failed. */
export type Value = (sample: Sample) => number | undefined

export const rate: Value = ({ documents, copy }) => copy && documents / copy.seconds

export const ownCpu: Value = ({ copy }) => copy?.cpuSeconds

export const serversCpu: Value = ({ copy }) =>
  copy?.sourceCpuSeconds === undefined ? undefined : copy.sourceCpuSeconds + (copy.targetCpuSeconds ?? 0)

export const sourceCpu: Value = ({ copy }) => copy?.sourceCpuSeconds

export const targetCpu: Value = ({ copy }) => copy?.targetCpuSeconds

export const cpuToServers: Value = (sample) => quotient(ownCpu(sample), serversCpu(sample))

export const peak: Value = ({ copy }) => copy?.peakBytes

export const verifyToCopy: Value = ({ copy, verify }) => quotient(verify?.seconds, copy?.seconds)

const quotient = (above: number | undefined, below: number | undefined): number | undefined =>
  above === undefined || below === undefined ? undefined : above / below

export const samplesOf = (results: Results, set: string, contender: string): Sample[] =>
  results.samples.filter((sample) => sample.set === set && sample.contender === contender)

export const valuesOf = (samples: readonly Sample[], value: Value): number[] =>
  samples.map(value).filter((each) => each !== undefined)

/** The median over the rounds of how many times the one's value is the other's. */
export function medianRatio(above: readonly Sample[], below: readonly Sample[], value: Value): number | undefined {
  return median(
    above
      .map((sample) => {
        const other = below.find(({ round }) => round === sample.round)
        return quotient(value(sample), other && value(other))
      })
      .filter((each) => each !== undefined),
  )
}
