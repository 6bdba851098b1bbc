// How two indexes are compared, and what is done about differences.
import {
  between,
  choice,
  count,
  duration,
  fileName,
  flag,
  option,
  optionWithDefault,
  share,
} from '../foundation/option.ts'
import { formatDuration } from '../foundation/quantity.ts'

const commands = ['verify'] as const

export const verifyOptions = {
  repair: flag({
    commands,
    help: 'Write or delete exactly the documents that differ on the target, then verify those again.',
  }),
  repairMax: optionWithDefault(count, 100_000, {
    commands,
    help: 'Refuse to repair more documents than this: so many differences are a wrong index or a wrong option rather than lost documents.',
    check: between(1, Number.MAX_SAFE_INTEGER),
  }),
  sample: option(share, {
    commands,
    help: 'Compare only this part of the documents, chosen by id. Counts are compared in full.',
    example: '5%',
    defaultText: 'all documents',
    check: (value: number) => (value > 0 ? undefined : 'must be above 0'),
  }),
  compare: optionWithDefault(choice('bytes', 'content'), 'bytes', {
    commands,
    help: 'What equal means: the same bytes, or the same JSON whatever the order of keys, white space and escapes; numbers are compared by their text. Either way after the transforms of the copy.',
  }),
  recheckAfter: optionWithDefault(duration, 5000, {
    commands,
    help: 'How long to wait before documents that differ are looked at again, because a source that is written to is ahead for a moment.',
    check: between(0, 3_600_000, formatDuration),
  }),
  differencesMax: optionWithDefault(count, 1000, {
    commands,
    help: 'Most differences that are listed one by one; all are counted.',
    check: between(0, 1_000_000),
  }),
  report: option(fileName, {
    commands,
    help: 'File for the report: JSON, or Markdown to be read when the name ends in .md.',
    example: 'products-verified.json',
  }),
}
