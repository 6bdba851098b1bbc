// How documents are written, and what may be done to an index that is there already.
import { between, byteSize, count, flag, option, optionWithDefault } from '../foundation/option.ts'
import { formatByteSize } from '../foundation/quantity.ts'

const commands = ['copy', 'follow', 'migrate'] as const
const MIB = 1024 ** 2

export const targetOptions = {
  writers: option(count, {
    commands,
    help: 'Most bulk requests in flight at the same time.',
    defaultText: 'adapted to how the target answers, at most 8',
    check: between(1, 64),
  }),
  bodyBytes: option(byteSize, {
    commands,
    help: 'Largest size of a bulk request, unless a single document is larger.',
    defaultText: 'adapted to how the target answers, at most 2 MiB',
    check: between(16 * 1024, 90 * MIB, formatByteSize),
  }),
  documentBytesMax: optionWithDefault(byteSize, 95 * MIB, {
    commands,
    help: 'Largest document that is sent. Larger ones are rejected documents; the target has a limit of its own (http.max_content_length, 100 MB unless changed).',
    check: between(1024, 2047 * MIB, formatByteSize),
  }),
  intoExisting: flag({
    commands,
    help: 'Copy into an index that already holds documents. Documents of the same id are replaced by those of the source.',
  }),
  overwrite: flag({
    commands: ['copy'],
    help: 'Replace the file of documents that is the target when it is there already.',
  }),
  acceptDefinition: flag({
    commands: ['copy', 'follow', 'migrate', 'assess'],
    help: 'Use a target index whose mappings or settings differ from what would have been created.',
  }),
  keepRefresh: flag({
    commands,
    help: 'Leave the refresh interval of the target index as it is. Otherwise refreshing is switched off during the copy and restored afterwards, also after a crash.',
  }),
  keepReplicas: flag({
    commands,
    help: 'Leave the number of replicas of the target index as it is. Otherwise it is 0 during the copy and restored afterwards, also after a crash.',
  }),
}
