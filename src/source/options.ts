// What is read, and how hard the source is worked.
import {
  between,
  choice,
  count,
  duration,
  fileName,
  flag,
  jsonObject,
  option,
  optionWithDefault,
  repeatable,
  text,
} from '../foundation/option.ts'
import { formatDuration } from '../foundation/quantity.ts'

const once = ['copy', 'assess', 'verify'] as const
const commands = [...once, 'follow', 'migrate'] as const

export const sourceOptions = {
  query: option(jsonObject, {
    commands: once,
    help: 'Only documents that match this query of the source (the JSON under "query").',
    example: '\'{"term":{"status":"live"}}\'',
  }),
  queryFile: option(fileName, { commands: once, help: 'File that holds the query, instead of --query.' }),
  fields: repeatable(text, {
    commands,
    help: 'Only these fields of each document (`_source` filtering), separated by commas; a leading - leaves a field out. The documents are then no longer byte for byte those of the source.',
    placeholder: 'LIST',
    example: "'title,price,-internal.*'",
  }),
  maxDocs: option(count, {
    commands: ['copy'],
    help: 'Stop after this many documents of each index.',
    check: between(1, Number.MAX_SAFE_INTEGER),
  }),
  readers: optionWithDefault(count, 3, {
    commands: ['copy', 'verify', 'follow', 'migrate'],
    help: 'Partitions of an index that are read at the same time.',
    check: between(1, 64),
  }),
  sweepInterval: optionWithDefault(duration, 15_000, {
    commands: ['follow', 'migrate', 'resume'],
    help: 'Pause between two sweeps of an index that has no sequence numbers; never less than a sweep takes.',
    check: between(0, 86_400_000, formatDuration),
  }),
  fullSweepInterval: optionWithDefault(duration, 3_600_000, {
    commands: ['follow', 'migrate', 'resume'],
    help: 'Pause between two sweeps of an index whose writes a gateway records; they find writers that go around it.',
    check: between(1_000, 7 * 86_400_000, formatDuration),
  }),
  trustVersions: flag({
    commands: ['follow', 'migrate', 'resume'],
    help: 'Sweep by ids and versions alone. Right only where ids are never deleted and then made anew: otherwise documents have to be compared whenever `index.gc_deletes` of the source is shorter than a sweep and its pause.',
  }),
  allowIncompleteSource: flag({
    commands,
    help: 'Read indexes whose mapping switches `_source` off or filters it. What it leaves out is not copied.',
  }),
  idField: option(text, {
    commands: ['copy', 'verify'],
    help: 'Field that gives documents of a file their id where their lines have none. Otherwise the id is made of line number and content, so that a second run writes the same documents.',
    placeholder: 'FIELD',
  }),
  readBy: option(choice('sequence', 'scroll', 'pointInTime'), {
    commands: once,
    help: 'Way of reading a cluster: by sequence numbers, by scrolls, or by points in time.',
    defaultText: 'the first of these that the version and the index have',
  }),
  skipBrokenLines: flag({
    commands: ['copy', 'verify'],
    help: 'Count and pass over lines of a file that are no documents, instead of stopping at the first.',
  }),
}
