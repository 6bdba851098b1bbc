// From the texts of flags and environment variables to the typed values that the rooms take.
import { IndexferryError, registerSecret } from '../foundation/errors.ts'
import type { CommandName } from '../foundation/option.ts'
import { allOptions, type CommandOption, commandOptions } from './gather-options.ts'
import { nearestName } from './nearest-name.ts'
import type { AllOptionValues } from './option-groups.ts'
import { readSecretFile } from './secret-file.ts'

/** What a command line gave, by flag name in kebab or camel case: `true` for a switch, a text, or texts of a repeated flag. */
export type RawFlags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The values of a command's options: the flag, else the environment variable, else the default. Values of secrets are registered so that
 * nothing prints them. Throws USAGE naming the option, what is wrong with it and how it is written; CONFIG_INVALID for the
 * file of a secret that cannot be read.
 */
export function parseOptionValues(command: CommandName, rawFlags: RawFlags, env: Environment): AllOptionValues {
  const known = commandOptions(command)
  const flags = flagsByName(command, rawFlags, known)
  const values: Record<string, Record<string, unknown>> = {}
  for (const { group, key, option } of allOptions) {
    values[group] ??= {}
    values[group][key] = option.default
  }
  for (const option of known) {
    const given = givenTexts(option, flags, env)
    if (given) (values[option.group] as Record<string, unknown>)[option.key] = parseGiven(option, given)
  }
  // The shape of the groups is that of the declarations from which it was built.
  return values as unknown as AllOptionValues
}

/** The refusal of a flag that a command does not take; the program calls it for what its own parser does not know. */
export function unknownOption(command: CommandName, name: string): IndexferryError {
  const plain = kebab(name.replace(/^-+/, '').replace(/=.*$/s, ''))
  const secretFlag = commandOptions(command).find(
    (option) => option.takes === 'secretFile' && option.name === `${plain}-file`,
  )
  if (secretFlag)
    return new IndexferryError(
      'USAGE',
      `--${plain} is not taken on the command line, where every user of the machine can read it`,
      {
        remedy: `Put the value into the environment variable ${secretFlag.env} or into a file named by --${secretFlag.name}.`,
      },
    )
  const elsewhere = allOptions.find((option) => option.name === plain)
  if (elsewhere)
    return new IndexferryError('USAGE', `\`indexferry ${command}\` does not take --${plain}`, {
      remedy: `It belongs to ${elsewhere.option.commands.map((other) => `\`indexferry ${other}\``).join(', ')}.`,
    })
  const nearest = nearestName(
    plain,
    commandOptions(command).map((option) => option.name),
  )
  const remedy = nearest ? `Did you mean --${nearest}?` : `\`indexferry ${command} --help\` lists the options.`
  return new IndexferryError('USAGE', `there is no option --${plain}`, { remedy })
}

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

function flagsByName(
  command: CommandName,
  rawFlags: RawFlags,
  known: readonly CommandOption[],
): Map<string, readonly string[]> {
  const names = new Set(known.map((option) => option.name))
  const flags = new Map<string, readonly string[]>()
  for (const [rawName, raw] of Object.entries(rawFlags)) {
    if (raw === undefined) continue
    const name = kebab(rawName)
    if (!names.has(name)) throw unknownOption(command, name)
    flags.set(name, Array.isArray(raw) ? raw : [String(raw)])
  }
  return flags
}

interface Given {
  /** How the user named it: `--rate` or `INDEXFERRY_RATE`. */
  readonly as: string
  readonly texts: readonly string[]
  /** The texts name files that hold the value. */
  readonly isFile: boolean
}

function givenTexts(
  option: CommandOption,
  flags: ReadonlyMap<string, readonly string[]>,
  env: Environment,
): Given | undefined {
  const isSecret = option.takes === 'secretFile'
  const texts = flags.get(option.name)
  if (texts) return { as: `--${option.name}`, texts, isFile: isSecret }
  const text = env[option.env]
  // An empty variable counts as not set, as it does for most programs: `INDEXFERRY_RATE= indexferry …`.
  if (text)
    return {
      as: option.env,
      texts: option.takes === 'values' ? text.split('\n').filter(Boolean) : [text],
      isFile: false,
    }
  const file = isSecret ? env[`${option.env}_FILE`] : undefined
  return file ? { as: `${option.env}_FILE`, texts: [file], isFile: true } : undefined
}

function parseGiven(option: CommandOption, given: Given): unknown {
  if (option.takes === 'values') return given.texts.map((text) => parseValue(option, given.as, text))
  if (given.texts.length > 1)
    throw new IndexferryError('USAGE', `${given.as} is given ${given.texts.length} times, but has one value`)
  const text = given.texts[0] as string
  return parseValue(option, given.as, given.isFile ? readSecretFile(given.as, text) : text)
}

function parseValue({ option, takes, name }: CommandOption, as: string, text: string): unknown {
  if (takes === 'secretFile') registerSecret(text)
  const value = option.type.parse(text)
  // A URL may carry a password.
  const isHidden = option.sensitive || /^https?:.*[@?]/is.test(text)
  const shown = isHidden ? '' : ` "${text.length > 80 ? `${text.slice(0, 80)}…` : text}"`
  const remedy = option.example ? { remedy: `Write it as in: --${name} ${option.example}` } : {}
  if (value === undefined)
    throw new IndexferryError('USAGE', `${as} has a value${shown} that is not ${option.type.expects}`, remedy)
  const wrong = option.check?.(value)
  if (wrong) throw new IndexferryError('USAGE', `${as}${shown} ${wrong}`, remedy)
  if (option.sensitive && Array.isArray(value)) registerSecret(String(value.at(-1)))
  return value
}
