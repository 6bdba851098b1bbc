// What `npm run bench` can be told.
import { parseArgs } from 'node:util'
import { contenders } from './contenders/all.ts'
import { dataSets } from './data-sets.ts'

export interface BenchOptions {
  readonly rounds: number
  readonly sets: readonly string[]
  readonly contenders: readonly string[]
  /** Of each data set, this part of its documents. */
  readonly share: number
  /** Whether the difficult documents are copied as well. */
  readonly fidelity: boolean
  /** Whether docs/benchmarks.md is written anew. */
  readonly write: boolean
  /** The words that were typed, for the page. */
  readonly words: readonly string[]
}

const known = {
  sets: dataSets.map((set) => set.name),
  contenders: contenders.map((contender) => contender.name),
}

export const usage = `npm run bench -- [options]

  --rounds N          measured rounds after the one that warms up; default 3
  --sets A,B          of ${known.sets.join(', ')}; default all; --sets= for the difficult documents alone
  --contenders A,B    of ${known.contenders.join(', ')}; default all
  --no-fidelity       without the difficult documents
  --quick             a tenth of the documents and one round: whether everything works, not how fast it is
  --write             write docs/benchmarks.md`

export class UsageError extends Error {}

export function parseOptions(words: readonly string[]): BenchOptions | 'help' {
  const { values } = parseWords(words)
  if (values.help) return 'help'
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100)
    throw new UsageError('--rounds takes a number from 1 to 100')
  if (values.write && values.quick) throw new UsageError('--quick measures too little to be written down')
  return {
    rounds,
    sets: namesOf('sets', values.sets),
    contenders: namesOf('contenders', values.contenders),
    share: values.quick ? 0.1 : 1,
    fidelity: !values['no-fidelity'],
    write: values.write ?? false,
    words,
  }
}

function parseWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        rounds: { type: 'string' },
        sets: { type: 'string' },
        contenders: { type: 'string' },
        'no-fidelity': { type: 'boolean' },
        quick: { type: 'boolean' },
        write: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function namesOf(option: keyof typeof known, value: string | undefined): readonly string[] {
  if (value === undefined) return known[option]
  const names = value === '' ? [] : value.split(',')
  const unknown = names.find((name) => !known[option].includes(name))
  if (unknown !== undefined) throw new UsageError(`--${option} knows no "${unknown}", only ${known[option].join(', ')}`)
  return names
}
