// How fast a copy may go. Both options can be changed while it runs (`indexferry throttle ID …`).
import { between, option, share, type ValueType } from '../foundation/option.ts'
import { parseByteSize, parseCount } from '../foundation/quantity.ts'

/** Limits per second; undefined means none. */
export interface Rate {
  readonly documentsPerSecond: number | undefined
  readonly bytesPerSecond: number | undefined
}

/** `5000` or `10k` are documents, `20mb` are bytes, `5000,20mb` both, `none` lifts them. Undefined when it is none of these. */
export function parseRate(value: string): Rate | undefined {
  if (value === 'none') return { documentsPerSecond: undefined, bytesPerSecond: undefined }
  let documentsPerSecond: number | undefined
  let bytesPerSecond: number | undefined
  for (const part of value.split(',')) {
    const documents = parseCount(part)
    const bytes = documents === undefined && /b$/i.test(part.trim()) ? parseByteSize(part) : undefined
    if (documents !== undefined && documentsPerSecond === undefined) documentsPerSecond = documents
    else if (bytes !== undefined && bytesPerSecond === undefined) bytesPerSecond = bytes
    else return undefined
  }
  return documentsPerSecond === 0 || bytesPerSecond === 0 ? undefined : { documentsPerSecond, bytesPerSecond }
}

const rate: ValueType<Rate> = {
  name: 'special',
  placeholder: 'RATE',
  expects: 'a rate per second such as 5000 (documents), 20mb (bytes), both as 5000,20mb, or none',
  parse: parseRate,
}

export const pipelineOptions = {
  rate: option<Rate>(rate, {
    commands: ['copy', 'follow', 'migrate', 'resume', 'verify', 'throttle', 'object'],
    help: 'Most documents or bytes per second: 5000, 20mb, or 5000,20mb for both; none lifts the limit.',
    example: '20mb',
    defaultText: 'no limit',
    changeable: 'while running',
  }),
  sourceLoadMax: option(share, {
    commands: ['copy', 'follow', 'migrate', 'resume', 'verify', 'throttle'],
    help: 'Processor load of the source nodes above which reading waits. 100% lifts the limit.',
    example: '70%',
    defaultText: 'no limit',
    changeable: 'while running',
    check: between(0.05, 1, (value) => `${value * 100}%`),
  }),
}
