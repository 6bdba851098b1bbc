// Where state is kept, how a copy is started, and what is printed.
import { choice, flag, option, optionWithDefault, text } from '../foundation/option.ts'

const ofMigrations = ['resume', 'cut-over', 'reverse', 'complete', 'abort'] as const
const all = ['copy', 'follow', 'assess', 'verify', 'status', 'throttle', 'pause', 'forget'] as const

export const engineOptions = {
  state: option(text, {
    commands: [
      'copy',
      'follow',
      'verify',
      'status',
      'throttle',
      'pause',
      'forget',
      'serve',
      'object',
      'snapshot',
      'migrate',
      ...ofMigrations,
    ],
    help: 'Folder for what must survive a crash: the catalog of copies and the rejected documents. It must be on a disk of this machine, not on a network share.',
    placeholder: 'FOLDER',
    defaultText: '$XDG_STATE_HOME/indexferry, else ~/.local/state/indexferry',
  }),
  restart: flag({
    commands: ['copy', 'follow', 'object', 'migrate'],
    help: 'Start from the beginning, although the same copy was begun before and could go on.',
  }),
  retryRejected: flag({
    commands: ['copy'],
    help: 'Send again only the documents that the target refused when this copy ran.',
  }),
  dryRun: flag({
    commands: ['copy', 'cut-over', 'reverse'],
    help: 'Show what would be done, and do nothing. A copy shows what would be created and changed, and tries the definitions on the target with an index that is deleted again; a switch of traffic shows its conditions.',
  }),
  json: flag({
    commands: [...all, 'config', 'object', 'snapshot', 'migrate', ...ofMigrations],
    help: 'Print one result as JSON on standard output.',
  }),
  quiet: flag({
    commands: [...all, 'serve', 'object', 'snapshot', 'migrate', ...ofMigrations],
    short: 'q',
    help: 'Print no progress, only the result and errors.',
  }),
  verbose: flag({
    commands: [...all, 'object'],
    short: 'v',
    help: 'Print every request that is retried and every decision that is taken.',
  }),
  progress: optionWithDefault(choice('auto', 'bar', 'lines', 'none'), 'auto', {
    commands: ['copy', 'follow', 'verify', 'object', 'snapshot', 'migrate', ...ofMigrations],
    help: 'How progress is shown on standard error. `auto` is a bar on a terminal and lines elsewhere.',
  }),
}
