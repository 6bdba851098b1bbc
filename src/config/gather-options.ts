// Makes flags and environment variables of the options that the rooms declare. Nothing about a single option stands here.
import type { CommandName, Option } from '../foundation/option.ts'
import { formatByteSize, formatDuration } from '../foundation/quantity.ts'
import { type OptionGroupName, optionGroups } from './option-groups.ts'

/** One flag of a command. */
export interface CommandOption {
  /** Without the dashes: `source-read-timeout`. Secrets have two: only the one that ends in `-file` is offered on the command line. */
  readonly name: string
  readonly env: string
  readonly group: OptionGroupName
  /** The key of its value within the group. */
  readonly key: string
  readonly option: Option
  /** `flag`: takes no value; `value`, `values` (repeatable); `secretFile`: takes the name of a file that holds the secret. */
  readonly takes: 'flag' | 'value' | 'values' | 'secretFile'
  readonly placeholder: string
  /** The first sentence of the help. */
  readonly help: string
}

/** The flags that a command takes, in the order of the help. */
export function commandOptions(command: CommandName): readonly CommandOption[] {
  return allOptions.filter(({ option }) => option.commands.includes(command))
}

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const environmentName = (flagName: string): string => `INDEXFERRY_${flagName.replaceAll('-', '_').toUpperCase()}`

const takes = { once: 'value', repeatedly: 'values', secretly: 'secretFile' } as const

function describe(group: OptionGroupName, key: string, option: Option): CommandOption {
  const plain = `${optionGroups[group].prefix}${kebab(key)}`
  const isSecret = option.given === 'secretly'
  const name = isSecret ? `${plain}-file` : plain
  const [firstSentence = ''] = option.help.split(/(?<=\.)\s/)
  return {
    name,
    env: environmentName(plain),
    group,
    key,
    option,
    takes: option.type.name === 'flag' ? 'flag' : takes[option.given],
    placeholder: isSecret ? 'FILE' : (option.placeholder ?? option.type.placeholder),
    help: isSecret
      ? `File that holds the ${/^[A-Z][a-z]/.test(firstSentence) ? firstSentence.charAt(0).toLowerCase() : firstSentence.charAt(0)}${firstSentence.slice(1)}`
      : firstSentence,
  }
}

/** Every option of every command. */
export const allOptions: readonly CommandOption[] = (Object.keys(optionGroups) as OptionGroupName[]).flatMap((group) =>
  Object.entries(optionGroups[group].options).map(([key, option]) => describe(group, key, option as Option)),
)

/** The default for people; undefined of switches, which are off, and of what has none. */
export function defaultOf({ option, takes }: CommandOption): string | undefined {
  if (option.defaultText) return option.defaultText
  if (takes === 'flag' || takes === 'values' || option.default === undefined) return undefined
  if (option.type.name === 'bytes') return formatByteSize(option.default as number)
  if (option.type.name === 'duration') return formatDuration(option.default as number)
  return `\`${option.default}\``
}
