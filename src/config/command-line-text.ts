import { redact } from '../foundation/errors.ts'
import { allOptions } from './gather-options.ts'

/**
 * A command line for `status` and the catalog: quoted as a shell wants it, without credentials in URLs and without the values of
 * options that may hold secrets.
 */
export function formatCommandLine(args: readonly string[]): string {
  const sensitive = new Set(
    allOptions.filter(({ option, takes }) => option.sensitive && takes !== 'secretFile').map(({ name }) => `--${name}`),
  )
  const shown = args.map((arg, place) => {
    const name = arg.split('=', 1)[0] as string
    if (sensitive.has(name) && arg.includes('=')) return `${name}=***`
    return sensitive.has(args[place - 1] ?? '') ? '***' : redact(arg)
  })
  return ['indexferry', ...shown.map(quote)].join(' ')
}

const quote = (arg: string): string => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`)
