// The command line: parses, calls the engine, prints. One file per command beside this one, loaded only when it is asked for.
import { Command, CommanderError } from 'commander'
import { formatCommandLine } from '../../config/command-line-text.ts'
import { allOptions, commandOptions } from '../../config/gather-options.ts'
import { nearestName } from '../../config/nearest-name.ts'
import { optionGroups } from '../../config/option-groups.ts'
import { unknownOption } from '../../config/parse-options.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { asIndexferryError, IndexferryError, redact } from '../../foundation/errors.ts'
import type { CommandName } from '../../foundation/option.ts'
import { packageVersion } from '../package-version.ts'
import { type CommandCall, commands } from './commands.ts'
import { helpLayout, helpOf, helpOfAll, helpOfOptions, helpOutput, withHelp } from './help.ts'
import { endQuietly, printError } from './print.ts'

/** Runs one command and leaves its exit code in `process.exitCode`. Never throws. */
export async function main(args: readonly string[]): Promise<void> {
  // A reader that goes away (`| head`) ends the program, as it does with every other.
  process.stdout.on('error', endQuietly)
  hideSecrets(args)
  try {
    process.exitCode = await dispatch(withHelp(args))
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return
    const known = asIndexferryError(error)
    printError(known, args.includes('--json'))
    process.exitCode = known.exitCode
  }
}

/** Every user of the machine may list the processes with their words, so that a password in one does not stay there. */
function hideSecrets(args: readonly string[]): void {
  if (args.every((arg) => redact(arg) === arg) && !args.some((arg) => /^--[a-z-]*header\b/.test(arg))) return
  process.title = formatCommandLine(args)
}

/** The exit code. Throws for what cannot be done, and for help that was asked for. */
export async function dispatch(args: readonly string[]): Promise<number> {
  let code: number = exitCodes.done
  const program = createProgram(async (call) => {
    code = await commands[call.name].run(call)
  }, args)
  await program.parseAsync(args, { from: 'user' })
  return code
}

export function createProgram(run: (call: CommandCall) => Promise<void>, args: readonly string[]): Command {
  const program = new Command('indexferry')
    .description('Moves search indexes between Elasticsearch and OpenSearch clusters, and proves both sides equal.')
    .version(packageVersion(), '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Show help.')
    .exitOverride()
    .configureOutput({ ...helpOutput, writeErr: () => {} })
    .configureHelp(helpLayout)
    .addHelpText('after', helpOfAll)
    .showHelpAfterError(false)
  for (const [name, { summary, parameters }] of Object.entries(commands)) {
    const command = program.command(`${name} ${parameters}`.trim()).description(summary).exitOverride()
    command
      .configureOutput({ ...helpOutput, writeErr: () => {}, outputError: () => {} })
      .configureHelp(helpLayout)
      .helpOption('-h, --help', 'Show this help.')
      .addHelpText('after', helpOfOptions)
    // The options of other commands would be made for nothing, which takes longer than all the rest.
    for (const option of args.includes(name) ? commandOptions(name as CommandName) : []) {
      const short = option.option.short ? `-${option.option.short}, ` : ''
      const value = option.takes === 'flag' ? '' : ` <${option.placeholder}>`
      const text = helpOf(option)
      command.optionsGroup(`${optionGroups[option.group].title}:`)
      if (option.takes === 'values') command.option(`${short}--${option.name}${value}`, text, collect)
      else command.option(`${short}--${option.name}${value}`, text)
    }
    command.action(async () => {
      await run({ name: name as CommandName, args: command.args, flags: command.opts(), words: args })
    })
  }
  translateErrors(program)
  program.action(() => {
    const [unknown] = program.args
    if (unknown !== undefined) throw unknownCommand(unknown)
    program.outputHelp()
  })
  // The options of a command that is not there are unknown as well, and not what is wrong.
  program.allowExcessArguments().allowUnknownOption()
  return program
}

function unknownCommand(word: string): IndexferryError {
  if (word.startsWith('-')) return optionOfNoCommand(word)
  const nearest = nearestName(word, Object.keys(commands))
  return new IndexferryError('USAGE', `there is no command "${word}"`, {
    remedy: nearest
      ? `Did you mean \`indexferry ${nearest}\`? \`indexferry --help\` lists the commands.`
      : '`indexferry --help` lists the commands.',
  })
}

function optionOfNoCommand(word: string): IndexferryError {
  const name = word.replace(/=.*$/s, '')
  const isKnown = allOptions.some((option) => [`--${option.name}`, `-${option.option.short}`].includes(name))
  return isKnown
    ? new IndexferryError('USAGE', `${name} stands before the command`, {
        remedy: `Options stand behind it: indexferry COMMAND ${name} …`,
      })
    : new IndexferryError('USAGE', `there is no option ${name} that stands before a command`, {
        remedy: '`indexferry --help` lists the commands.',
      })
}

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

/** Commander's own errors in our words, with the remedy that our options know. */
function translateErrors(program: Command): void {
  for (const command of program.commands) {
    const name = command.name() as CommandName
    command.exitOverride((error) => {
      if (error.exitCode === 0) throw error
      if (error.code === 'commander.unknownOption') {
        throw unknownOption(name, /'(--?[^']+)'/.exec(error.message)?.[1] ?? '')
      }
      throw new IndexferryError('USAGE', error.message.replace(/^error: /, ''), {
        remedy: `\`indexferry ${name} --help\` shows how it is called.`,
      })
    })
  }
}
