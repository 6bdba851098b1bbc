// The generated pages of docs/ as texts. Pure apart from reading the comments of the capability table.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { capabilitiesOf } from '../src/cluster/capabilities.ts'
import { allOptions, type CommandOption, defaultOf } from '../src/config/gather-options.ts'
import { type OptionGroupName, optionGroups } from '../src/config/option-groups.ts'
import { errorCodes } from '../src/foundation/error-codes.ts'
import { exitCodes } from '../src/foundation/error-definition.ts'
import { parseClusterVersion } from '../src/model/cluster-version.ts'
import { rooms } from '../src/rooms.ts'
import { serverNames } from '../test/servers/catalogue.ts'
import { configurationPage } from './configuration-page.ts'
import { planPage } from './plan-page.ts'

const notice = (from: string) => `<!-- Generated from ${from} by scripts/generate-docs.ts. Change it there. -->\n`

/** Every generated page by its path in the project. */
export const generatedPages = (): Record<string, string> => ({
  'docs/options.md': optionsPage(),
  'docs/configuration.md': configurationPage(notice('src/config/gateway'), table),
  'docs/plan.md': planPage(notice('src/config/migration'), table),
  'docs/errors.md': errorsPage(),
  'docs/capabilities.md': capabilitiesPage(),
  'docs/rooms.md': roomsPage(),
})

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return `${[line(head), line(head.map(() => '--')), ...rows.map(line)].join('\n')}\n`
}

function optionsPage(): string {
  const parts = [
    notice('the options.ts of each room'),
    '# Options\n',
    'Every option can also be given by the environment variable beside it; the flag goes first. Options that may be given several ' +
      'times take one value a line in the variable. Sizes are powers of 1024 (`5mb`, `1GiB`), counts powers of 1000 (`10k`), times ' +
      'carry their unit (`30s`, `5m`).\n',
    'Passwords, keys and tokens are taken from the environment or from the first line of a file, never from the command line, ' +
      'which every user of the machine can read.\n',
  ]
  for (const group of Object.keys(optionGroups) as OptionGroupName[]) {
    if (group === 'target') continue
    const options = allOptions.filter((option) => option.group === group)
    parts.push(`## ${group === 'source' ? 'Connection to a cluster' : optionGroups[group].title}\n`)
    if (group === 'source')
      parts.push('Each of these is there for the target as well: `--target-…`, `INDEXFERRY_TARGET_…`.\n')
    parts.push(table(['option', 'meaning', 'default', 'commands'], options.map(optionRow)))
  }
  return parts.join('\n')
}

function optionRow(described: CommandOption): string[] {
  const { name, env, option, takes, placeholder } = described
  const short = option.short ? `\`-${option.short}\`, ` : ''
  const value = takes === 'flag' ? '' : ` ${placeholder}`
  const notes = [
    option.help,
    takes === 'values' ? 'May be given several times.' : '',
    option.changeable === 'while running' ? 'Can be changed while a copy runs (`indexferry throttle`).' : '',
    option.example ? `Example: \`--${name} ${option.example}\`.` : '',
  ]
  return [
    `${short}\`--${name}${value}\` <br> \`${env}\``,
    notes.filter(Boolean).join(' '),
    defaultOf(described) ?? (takes === 'flag' ? 'off' : 'none'),
    option.commands.join(', '),
  ]
}

const exitMeanings: Record<keyof typeof exitCodes, string> = {
  done: 'Everything that was asked for is done.',
  internal: 'A defect of indexferry.',
  usage: 'The command, a location, an option or a file named by one is wrong; nothing was done.',
  different:
    'The verification found differences, the assessment something that would make a copy fail, or a switch a condition that is not met.',
  rejected: 'The copy ended, and the target refused some documents for good.',
  state:
    'The state folder cannot be used; or the copy or migration is unknown, is run elsewhere, or is not where it allows what was asked for.',
  source: 'The source failed or refused.',
  target: 'The target failed or refused.',
  file: 'A file of documents failed.',
  paused: 'Stopped on request; the same command goes on.',
}

function errorsPage(): string {
  const exits = Object.entries(exitCodes).map(([name, code]) => [
    String(code),
    exitMeanings[name as keyof typeof exitCodes],
  ])
  const retries = { now: 'at once', later: 'after a pause', never: 'after something was changed' }
  const rows = Object.entries(errorCodes).map(([code, { meaning, remedy, retry, exit }]) => [
    `\`${code}\``,
    meaning,
    remedy,
    retries[retry],
    exit === 'side' ? `${exitCodes.source}, ${exitCodes.target}, ${exitCodes.file} by side` : String(exitCodes[exit]),
  ])
  return [
    notice('src/foundation/error-codes.ts'),
    '# Exit codes and errors\n',
    'Scripts may rely on the exit codes and on the names of the errors (`error.code` in the result of `--json`); sentences may change.\n',
    '## Exit codes\n',
    table(['code', 'meaning'], exits),
    '## Errors\n',
    table(['error', 'what happened', 'what to do', 'try again', 'exit code'], rows),
  ].join('\n')
}

/** Names and comments of the fields of `Capabilities`, in the order of the interface. */
function capabilityComments(): Map<string, string> {
  const text = readFileSync(join(import.meta.dirname, '../src/cluster/capabilities.ts'), 'utf8')
  const body = /export interface Capabilities \{\n(.*?)\n\}/s.exec(text)?.[1] ?? ''
  const fields = body.matchAll(/(?:\/\*\*((?:(?!\*\/).)*)\*\/\s*)?readonly (\w+)\??:/gs)
  return new Map(
    [...fields].map(([, comment = '', name]) => [name as string, comment.replaceAll(/\s*\n\s*\*\s?/g, ' ').trim()]),
  )
}

function capabilitiesPage(): string {
  const servers = serverNames.filter((name) => /^[a-z]+-[\d.]+$/.test(name))
  const shown = (value: unknown) => (value === true ? 'yes' : value === false ? '–' : String(value))
  const columns = servers.map((name) => {
    const version = parseClusterVersion(name)
    return version ? new Map(Object.entries(capabilitiesOf(version))) : new Map<string, unknown>()
  })
  const rows = [...capabilityComments()].map(([name, comment]) => [
    `\`${name}\`${comment && ` <br> ${comment}`}`,
    ...columns.map((column) => shown(column.get(name))),
  ])
  const heads = servers.map((name) => name.replace('elasticsearch-', 'ES ').replace('opensearch-', 'OS '))
  return [
    notice('src/cluster/capabilities.ts'),
    '# What each version can do\n',
    'The versions that the tests run against. Clusters of other versions and editions are looked up in the same table.\n',
    table(['', ...heads], rows),
  ].join('\n')
}

function roomsPage(): string {
  const rows = rooms.map(({ name, sentence, mayImport }, place) => [
    String(place + 1),
    `\`src/${name}\``,
    sentence,
    mayImport.join(', ') || '–',
  ])
  return [
    notice('src/rooms.ts'),
    '# Rooms\n',
    'In reading order. A room imports only rooms above it, and only those listed; a file name means that only this file may be known. ' +
      '`test/tidy` holds the code to this table.\n',
    table(['', 'room', 'in one sentence', 'may import'], rows),
  ].join('\n')
}
