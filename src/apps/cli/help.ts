// What `--help` looks like: options in the groups of docs/options.md, with their defaults, in lines that fit a terminal.
import type { Command, Help } from 'commander'
import { type CommandOption, defaultOf } from '../../config/gather-options.ts'
import { commands } from './commands.ts'

/** Of the first column in the list of commands. */
const termMax = 38
const columnsElsewhere = 100

export const helpOutput = {
  getOutHelpWidth: () => (process.stdout.isTTY ? process.stdout.columns : columnsElsewhere),
}

export const helpLayout: Partial<Help> = {
  minWidthToWrap: 30,
  /** Arguments that would make the column of all others wide are left to the help of the command. */
  subcommandTerm: (command: Command) => {
    const names = command.registeredArguments.map((each) => (each.required ? `<${each.name()}>` : `[${each.name()}]`))
    const whole = [command.name(), ...names].join(' ')
    return whole.length > termMax ? `${command.name()} ${names[0]} …` : whole
  },
}

/** `help` and `help COMMAND` as the option says them. */
export function withHelp(args: readonly string[]): readonly string[] {
  const [first, command] = args
  if (first !== 'help') return args
  if (command === undefined || command.startsWith('-')) return ['--help']
  return Object.hasOwn(commands, command) ? [command, '--help'] : [command]
}

export function helpOf(described: CommandOption): string {
  const byDefault = defaultOf(described)
  const notes = [
    described.help,
    described.takes === 'values' ? 'May be given several times.' : '',
    byDefault === undefined ? '' : `Default: ${byDefault}.`,
  ]
  return notes.filter(Boolean).join(' ')
}

export const helpOfAll = `
\`indexferry COMMAND --help\` shows the options of a command.`

export const helpOfOptions = `
Each option may also be given by a variable: --rate as INDEXFERRY_RATE. Sizes are powers of 1024
(5mb), times carry their unit (30s, 5m). docs/options.md tells more about each.`
