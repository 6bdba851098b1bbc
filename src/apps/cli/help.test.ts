import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandOptions } from '../../config/gather-options.ts'
import { asIndexferryError } from '../../foundation/errors.ts'
import type { CommandName } from '../../foundation/option.ts'
import { commands } from './commands.ts'
import { helpOf, withHelp } from './help.ts'
import { createProgram, dispatch } from './main.ts'

const names = Object.keys(commands) as CommandName[]
const programFor = (...words: readonly string[]) => createProgram(async () => {}, words)

function assertFits(text: string, what: string): void {
  const widest = Math.max(...text.split('\n').map((line) => line.length))
  assert.ok(widest <= 100, `${what}: ${widest} columns`)
}

test('the list of commands fits into the lines of a terminal', () => {
  const help = programFor().helpInformation()
  assertFits(help, 'indexferry --help')
  for (const name of names) assert.match(help, new RegExp(`^  ${name}\\b`, 'm'))
})

test('each command shows its options with their defaults', () => {
  for (const name of names) {
    const command = programFor(name).commands.find((each) => each.name() === name)
    const help = command?.helpInformation() ?? ''
    assertFits(help, name)
    for (const option of commandOptions(name)) assert.ok(help.includes(`--${option.name}`), `${name} --${option.name}`)
  }
  const helps = new Map(commandOptions('copy').map((option) => [option.name, helpOf(option)]))
  assert.match(helps.get('source-read-timeout') ?? '', /Default: 2 min\.$/)
  assert.match(helps.get('readers') ?? '', /Default: `3`\.$/)
  assert.match(helps.get('rename') ?? '', /May be given several times\.$/)
  assert.match(helps.get('source-api-key-file') ?? '', /holds the API key/)
  assert.doesNotMatch(helps.get('restart') ?? '', /Default/)
})

test('`help` is `--help`', () => {
  assert.deepEqual(withHelp(['help']), ['--help'])
  assert.deepEqual(withHelp(['help', 'cut-over']), ['cut-over', '--help'])
  assert.deepEqual(withHelp(['help', 'cutover']), ['cutover'])
  assert.deepEqual(withHelp(['copy', 'help', 'http://a:1']), ['copy', 'help', 'http://a:1'])
})

test('slips are told with what was probably meant', async () => {
  const slips: [readonly string[], RegExp][] = [
    [['copi'], /no command "copi".*indexferry copy/],
    [['cutover', 'm-1'], /Did you mean `indexferry cut-over`/],
    [['--state', 'folder', 'status'], /--state stands before the command.*COMMAND --state/],
    [['--stat', 'status'], /no option --stat /],
    [['copy', '--redaers', '3', 'http://a:1/b', 'http://c:1'], /Did you mean --readers/],
    [['verify', 'http://a:1/b'], /wants a second one/],
    [['migrate', 'https://a:1/b'], /wants a second one/],
    [['copy', 'http://a:1/b'], /missing required argument 'target'/],
  ]
  for (const [words, told] of slips) {
    await assert.rejects(dispatch(words), (thrown) => {
      const { code, message, remedy } = asIndexferryError(thrown)
      assert.equal(code, 'USAGE')
      assert.match(`${message} ${remedy}`, told)
      return true
    })
  }
})
