// What is read, and how hard the source is worked.
import {
  between,
  byteSize,
  count,
  fileName,
  flag,
  jsonObject,
  option,
  optionWithDefault,
  repeatable,
  text,
} from '../foundation/option.ts'
import { formatByteSize } from '../foundation/quantity.ts'

const commands = ['copy', 'assess', 'verify'] as const
const MIB = 1024 ** 2

export const sourceOptions = {
  query: option(jsonObject, {
    commands,
    help: 'Only documents that match this query of the source (the JSON under "query").',
    example: '\'{"term":{"status":"live"}}\'',
  }),
  queryFile: option(fileName, { commands, help: 'File that holds the query, instead of --query.' }),
  fields: repeatable(text, {
    commands,
    help: 'Only these fields of each document (`_source` filtering), separated by commas; a leading - leaves a field out. The documents are then no longer byte for byte those of the source.',
    placeholder: 'LIST',
    example: "'title,price,-internal.*'",
  }),
  maxDocs: option(count, {
    commands: ['copy', 'verify'],
    help: 'Stop after this many documents of each index.',
    check: between(1, Number.MAX_SAFE_INTEGER),
  }),
  readers: option(count, {
    commands: ['copy', 'verify'],
    help: 'Partitions that are read at the same time.',
    defaultText: 'as many as keep the target busy, at most 4',
    check: between(1, 64),
  }),
  pageBytes: optionWithDefault(byteSize, 4 * MIB, {
    commands: ['copy', 'verify'],
    help: 'About how large one answer of the source should be. The number of documents asked for follows from it and from the size of the documents seen so far.',
    check: between(64 * 1024, 64 * MIB, formatByteSize),
  }),
  allowIncompleteSource: flag({
    commands,
    help: 'Read indexes whose mapping switches `_source` off or filters it. What it leaves out is not copied.',
  }),
  skipBrokenLines: flag({
    commands: ['copy', 'verify'],
    help: 'Count and pass over lines of a file that are no documents, instead of stopping at the first.',
  }),
}
