// How fast a copy may go. Limits and the check can be changed while it runs (`indexferry throttle ID …`).
import {
  between,
  choice,
  count,
  duration,
  header,
  option,
  optionWithDefault,
  repeatable,
  share,
  type ValueType,
} from '../foundation/option.ts'
import { formatDuration, parseByteSize, parseCount } from '../foundation/quantity.ts'

/** Limits per second; undefined means none. */
export interface Rate {
  readonly documentsPerSecond: number | undefined
  readonly bytesPerSecond: number | undefined
}

/** `5000` or `10k` are documents, `20mb` are bytes, `5000,20mb` both, `none` lifts them. Undefined when it is none of these. */
function parseRate(value: string): Rate | undefined {
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

/** What is said of itself in a URL is refused: the URL is kept in the state folder and shown. */
export const checkUrl: ValueType<string> = {
  name: 'text',
  placeholder: 'URL',
  expects: 'none, or the URL of a check such as https://ops:8443/may-copy, without user, password, query and fragment',
  parse: (value) => {
    if (value === 'none') return value
    const url = URL.parse(value)
    if (!url || !/^https?:$/.test(url.protocol)) return undefined
    return url.username + url.password + url.search + url.hash === '' ? url.href : undefined
  },
}

const moving = ['copy', 'follow', 'migrate', 'resume'] as const

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
  heapMax: option(share, {
    commands: [...moving, 'throttle'],
    help: 'Used heap of any node of either side above which reading waits. 100% lifts the limit.',
    example: '85%',
    defaultText: 'no limit',
    changeable: 'while running',
    check: between(0.3, 1, (value) => `${value * 100}%`),
  }),
  writeQueueMax: option(count, {
    commands: [...moving, 'throttle'],
    help: 'Requests that may wait for writing on a node of the target, of whomever they are, before reading waits. 0 lifts the limit.',
    example: '100',
    defaultText: 'no limit',
    changeable: 'while running',
  }),
  throttleCheck: option(checkUrl, {
    commands: [...moving, 'throttle'],
    help: 'Address that is asked again and again (GET) whether work may go on: 200-299 is yes, anything else holds reading, until it is yes again. `none` asks no more. The address is kept and shown; secrets belong into --throttle-check-header.',
    example: 'https://ops:8443/may-copy',
    changeable: 'while running',
  }),
  throttleCheckEvery: optionWithDefault(duration, 5_000, {
    commands: [...moving],
    help: 'How often the check is asked. After 429 or 503 with `Retry-After`, later.',
    check: between(500, 600_000, formatDuration),
  }),
  throttleCheckFailure: optionWithDefault(choice('wait', 'go-on'), 'wait', {
    commands: [...moving],
    help: 'What it means when the check does not answer within 5 s, cannot be reached, or answers anything but 200-299, 429 and 503.',
  }),
  throttleCheckHeader: repeatable(header, {
    commands: [...moving],
    help: 'Header for the check. It is not kept: `indexferry resume` needs it again.',
    example: '"Authorization: Bearer …"',
    sensitive: true,
  }),
}
